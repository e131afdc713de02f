/// Scaled geometries against scaled gradients, and the file of scales.

#include "sextant/geometry/block_scales.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/blocks.hpp"
#include "sextant/geometry/file.hpp"
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
  CHECK(scaled.block_scales == BlockScales{{name, 2.5}});
  CHECK(with_block_scales(plain, {{name, 1.0}}).block_scales.empty());
  const Eigen::Index kept[] = {1, 2};
  CHECK(restricted_to_blocks(scaled, kept).block_scales == scaled.block_scales);
  CHECK(restricted_to_blocks(scaled, std::span(kept).last(1)).block_scales.empty());
  CHECK(restricted_to_queries(scaled, std::span(kept).first(1)).block_scales ==
        scaled.block_scales);
  const PromptGeometry lonely = test::random_geometry(random, 4, 0, {3});
  CHECK_NOTHROW(with_block_scales(lonely, {{lonely.blocks[0].name, 3.0}}));
  CHECK_THROWS_AS(with_block_scales(plain, {{"nowhere", 1.0}}), ArgumentError);
  CHECK_THROWS_AS(with_block_scales(plain, {{name, -1.0}}), ArgumentError);
  CHECK_THROWS_AS(with_block_scales(plain, {{name, NAN}}), ArgumentError);
  CHECK_THROWS_AS(with_block_scales(plain, {{name, 9e-10}}), ArgumentError);
  CHECK_THROWS_AS(with_block_scales(plain, {{name, 1.1e9}}), ArgumentError);
  CHECK_NOTHROW(with_block_scales(plain, {{name, 1e-9}}));
}

TEST_CASE("scales are not applied twice, and a geometry file says which it holds") {
  Random random(2);
  const PromptGeometry plain = test::random_geometry(random, 5, 2, {3, 4, 5});
  const std::string name = plain.blocks[1].name;
  const std::string other = plain.blocks[2].name;
  const PromptGeometry scaled = with_block_scales(plain, {{name, 0.1}});
  // Whether the second set is the same, another one, or of another block.
  for (const BlockScales& again : {BlockScales{{name, 0.1}}, {{name, 3.0}}, {{other, 3.0}}}) {
    CHECK_THROWS_WITH_AS(with_block_scales(scaled, again), doctest::Contains("scaled twice"),
                         ArgumentError);
  }
  CHECK(with_block_scales(scaled, {}).kernels[1] == scaled.kernels[1]);

  const test::TemporaryDirectory directory("scaled-geometry");
  const auto path = directory.path() / "g.safetensors";
  write_geometry(path, scaled);
  const PromptGeometry read = read_geometry(path);
  CHECK(read.block_scales == BlockScales{{name, 0.1}});
  CHECK_THROWS_AS(with_block_scales(read, {{name, 0.1}}), ArgumentError);
  write_geometry(path, plain);
  CHECK(read_geometry(path).block_scales.empty());
  CHECK(io::read_file(path).find("block_scales") == std::string::npos);

  PromptGeometry wrong = plain;
  for (const BlockScales& scales :
       {BlockScales{{"nowhere", 2.0}}, {{name, 0.0}}, {{name, NAN}}, {{name, 1.1e9}}}) {
    wrong.block_scales = scales;
    CHECK_THROWS_WITH_AS(write_geometry(path, wrong), doctest::Contains("block_scales"),
                         InputError);
  }
  // As another framework might write it.
  write_geometry(path, scaled);
  const std::string bytes = io::read_file(path);
  const std::string written = R"(\":0.1})";
  const auto at = bytes.find(written);
  REQUIRE(at != std::string::npos);
  for (const char* text : {R"(\":-.1})", R"(\":-10})", R"(\":0  })", R"(\":[] })"}) {
    std::string damaged = bytes;
    damaged.replace(at, written.size(), text);
    io::write_file(path, damaged);
    CHECK_THROWS_WITH_AS(read_geometry(path), doctest::Contains("block_scales"), InputError);
  }
}

TEST_CASE("a difference of scales names the first block") {
  const std::vector<std::string> blocks{"a", "b", "c"};
  const BlockScales scales{{"b", 4.0}, {"elsewhere", 2.0}};
  CHECK(scale_difference(blocks, scales, "in it", {}, "there") ==
        "block \"b\" has the scale 4 in it and 1 there");
  CHECK(scale_difference(blocks, scales, "", {{"b", 4.0}, {"a", 1.0}}, "").empty());
  CHECK(scale_difference({}, scales, "", {}, "").empty());
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

TEST_CASE("scales without a captured block are said to have no effect") {
  const std::vector<Block> blocks = {{.name = "a"}, {.name = "b"}};
  CHECK(unused_scales({}, blocks).empty());
  CHECK(unused_scales({{"a", 2.0}, {"b", 3.0}}, blocks).empty());
  CHECK(unused_scales({{"a", 2.0}, {"d", 2.0}, {"c", 3.0}}, blocks) ==
        "2 of the 3 blocks with a scale, first c, are not captured: their scales have no effect.");
  CHECK(unused_scales({{"a", 2.0}, {"d", 2.0}}, blocks) ==
        "1 of the 2 blocks with a scale, first d, is not captured: its scale has no effect.");
  CHECK(unused_scales({{"d", 2.0}}, blocks) ==
        "Block d has a scale and is not captured: it has no effect.");
}
