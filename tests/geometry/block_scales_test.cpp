/// Scaled geometries against scaled gradients, and the file of scales.

#include "sextant/geometry/block_scales.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "support/model_directory.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::geometry;

TEST_CASE("named blocks are scaled and the others left alone") {
  Random random(1);
  const PromptGeometry plain = test::random_geometry(random, 6, 2, {3, 4, 5});
  const std::string name = plain.blocks[1].name;
  const PromptGeometry scaled = with_block_scales(plain, {{name, 2.5}});
  CHECK(scaled.kernels[0] == plain.kernels[0]);
  CHECK((scaled.kernels[1] - 2.5 * plain.kernels[1]).norm() == 0);
  CHECK((scaled.query_kernels[1].col(1) - 2.5 * plain.query_kernels[1].col(1)).norm() == 0);
  CHECK(scaled.query_kernels[1].col(2) == plain.query_kernels[1].col(2));
  CHECK(scaled.query_variances(0, 1) == 2.5 * plain.query_variances(0, 1));
  CHECK(scaled.residuals == plain.residuals);
  const PromptGeometry lonely = test::random_geometry(random, 4, 0, {3});
  CHECK_NOTHROW(with_block_scales(lonely, {{lonely.blocks[0].name, 3.0}}));
  CHECK_THROWS_AS(with_block_scales(plain, {{"nowhere", 1.0}}), ArgumentError);
  CHECK_THROWS_AS(with_block_scales(plain, {{name, -1.0}}), ArgumentError);
  CHECK_THROWS_AS(with_block_scales(plain, {{name, NAN}}), ArgumentError);
}

TEST_CASE("a file of scales is an object of positive numbers") {
  const test::TemporaryDirectory directory("scales");
  const auto path = directory.path() / "scales.json";
  io::write_file(path, R"({"h.0.attn.v.0": 2, "h.1.mlp.in": 0.5})");
  CHECK(read_block_scales(path) == BlockScales{{"h.0.attn.v.0", 2.0}, {"h.1.mlp.in", 0.5}});
  for (const char* wrong :
       {"[]", "1", R"({"a": 0})", R"({"a": -1})", R"({"a": "2"})", R"({"a": 1, "a": 2})", "{"}) {
    io::write_file(path, wrong);
    CHECK_THROWS_AS(read_block_scales(path), InputError);
  }
  CHECK_THROWS_AS(read_block_scales(directory.path() / "missing.json"), InputError);
}
