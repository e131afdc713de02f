#include "sextant/geometry/blocks.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "sextant/core/errors.hpp"
#include "sextant/geometry/block_matrices.hpp"
#include "sextant/geometry/validation.hpp"
#include "support/close.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::geometry;

TEST_CASE("kernels, couplings and variances of disjoint sets add up to the whole") {
  Random random(1);
  const PromptGeometry geometry = test::random_geometry(random, 6, 2, {3, 1, 8, 5});
  const std::vector<Eigen::Index> odd = {1, 3};
  const std::vector<Eigen::Index> even = {2, 0};
  const Eigen::MatrixXd whole = summed_kernel(geometry);
  CHECK((summed_kernel(geometry, odd) + summed_kernel(geometry, even) - whole).norm() <=
        1e-14 * whole.norm());
  for (Eigen::Index x = 0; x < 2; ++x) {
    CHECK((summed_coupling(geometry, x, odd) + summed_coupling(geometry, x, even) -
           summed_coupling(geometry, x))
              .norm() <= 1e-14 * whole.norm());
    CHECK(summed_variance(geometry, x, odd) + summed_variance(geometry, x, even) ==
          test::close(summed_variance(geometry, x), 1e-14));
  }
  CHECK(summed_kernel(geometry, {}).isZero(0));
}

TEST_CASE("a restricted geometry is valid and has the sums of its set") {
  Random random(2);
  const PromptGeometry geometry = test::random_geometry(random, 4, 3, {3, 1, 8, 5});
  const std::vector<Eigen::Index> set = {3, 0};
  const PromptGeometry part = restricted_to_blocks(geometry, set);
  CHECK_NOTHROW(validate(part, "part"));
  CHECK(part.blocks[0].name == geometry.blocks[3].name);
  CHECK(summed_kernel(part) == summed_kernel(geometry, set));
  CHECK(summed_coupling(part, 2) == summed_coupling(geometry, 2, set));
  CHECK(summed_variance(part, 1) == summed_variance(geometry, 1, set));

  const std::vector<Eigen::Index> queries = {2, 0};
  const PromptGeometry fewer = restricted_to_queries(geometry, queries);
  CHECK_NOTHROW(validate(fewer, "fewer"));
  CHECK(fewer.query_kernels[0] == geometry.query_kernels[2]);
  CHECK(fewer.query_variances.row(1) == geometry.query_variances.row(0));
  CHECK(fewer.query_base[0] == geometry.query_base[2]);
  CHECK(fewer.query_targets[0] == geometry.query_targets[2]);
  const PromptGeometry none = restricted_to_queries(geometry, {});
  CHECK_NOTHROW(validate(none, "none"));
  CHECK(none.queries() == 0);
  CHECK(none.query_base.size() == 0);
  CHECK_NOTHROW(validate(restricted_to_blocks(none, set), "both"));
}

TEST_CASE("blocks are found by name, and an unknown name is answered with the nearest") {
  Random random(3);
  const PromptGeometry geometry =
      test::random_geometry(random, 2, 1, std::vector<Eigen::Index>(24, 1));
  const std::vector<Eigen::Index> expected = {5, 0};
  CHECK(select_blocks(geometry, {"h.2.attn.v.1", "h.0.attn.v.0"}) == expected);
  CHECK(select_blocks(geometry, {}).empty());
  CHECK_THROWS_WITH_AS(select_blocks(geometry, {"h.2.attn.v1"}),
                       "select_blocks: blocks \"h.2.attn.v1\" is unknown; did you mean "
                       "\"h.2.attn.v.1\"? There are 24 blocks",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(select_blocks(geometry, {"classifier.weight"}),
                       "select_blocks: blocks \"classifier.weight\" is unknown; there are "
                       "\"h.0.attn.v.0\", \"h.0.attn.v.1\", \"h.1.attn.v.0\" and 21 others",
                       ArgumentError);
  CHECK_THROWS_AS(select_blocks(geometry, {"h.0.attn.v.0", "h.0.attn.v.0"}), ArgumentError);
}

TEST_CASE("indices out of range or given twice are rejected") {
  Random random(4);
  const PromptGeometry geometry = test::random_geometry(random, 2, 1, {1, 2});
  const std::vector<Eigen::Index> large = {0, 2};
  const std::vector<Eigen::Index> negative = {-1};
  const std::vector<Eigen::Index> twice = {1, 1};
  for (const auto& blocks : {large, negative, twice}) {
    CHECK_THROWS_AS(summed_kernel(geometry, blocks), ArgumentError);
    CHECK_THROWS_AS(summed_coupling(geometry, 0, blocks), ArgumentError);
    CHECK_THROWS_AS(summed_variance(geometry, 0, blocks), ArgumentError);
    CHECK_THROWS_AS(restricted_to_blocks(geometry, blocks), ArgumentError);
  }
  CHECK_THROWS_AS(summed_coupling(geometry, 1), ArgumentError);
  CHECK_THROWS_AS(restricted_to_queries(geometry, negative), ArgumentError);
}

TEST_CASE("sums of blocks' matrices refuse what does not fit") {
  Random random(5);
  PromptGeometry geometry = test::random_geometry(random, 4, 2, {3, 2});
  const BlockMatrices blocks = block_matrices(geometry);
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(4, 2);
  add_couplings(blocks, 1, sum);
  CHECK(sum.col(1) == geometry.query_kernels[1].col(1));
  const auto refuses = [](const auto& call, const char* message) {
    CHECK_THROWS_WITH_AS(call(), doctest::Contains(message), ArgumentError);
  };
  refuses([&] { add_couplings(blocks, 2, sum); }, "add_couplings: block is 2, of 2 blocks");
  refuses([&] { mean_variance(blocks, -1); }, "mean_variance: block is -1");
  Eigen::MatrixXd narrow = Eigen::MatrixXd::Zero(4, 1);
  refuses([&] { add_couplings(blocks, 0, narrow); }, "sum is 4 x 1, expected 4 x 2");
  geometry.query_variances.conservativeResize(1, 2);
  refuses([&] { block_matrices(geometry, 1); }, "block_matrices: geometry is not valid");
  std::vector<Eigen::MatrixXd> kernels = geometry.kernels;
  kernels[1].conservativeResize(3, 3);
  const BlockMatrices uneven{kernels, {}, Eigen::MatrixXd()};
  refuses([&] { summed_kernel(uneven); }, "kernels is 3 x 3, expected 4 x 4");
  refuses([&] { add_couplings(uneven, 1, narrow); }, "sum is 4 x 1, expected 4 x 4");
}

TEST_CASE("blocks are filtered by kind and layer, and what filters none or all is refused") {
  PromptGeometry geometry{.residuals = Eigen::VectorXd::Ones(1),
                          .blocks = {{.name = "a", .layer = 0, .kind = "value"},
                                     {.name = "b", .layer = 1, .kind = "output"},
                                     {.name = "c", .layer = 2, .kind = "value"}}};
  using Indices = std::vector<Eigen::Index>;
  CHECK(filter_blocks(geometry, {}) == Indices{0, 1, 2});
  CHECK(filter_blocks(geometry, {.kinds = {"value"}}) == Indices{0, 2});
  CHECK(filter_blocks(geometry, {.first_layer = 1}) == Indices{1, 2});
  CHECK(filter_blocks(geometry, {.last_layer = 1}) == Indices{0, 1});
  CHECK(
      filter_blocks(geometry, {.kinds = {"value", "output"}, .first_layer = 1, .last_layer = 1}) ==
      Indices{1});
  const auto refuses = [&](const BlockFilter& filter, const char* message) {
    CHECK_THROWS_WITH_AS(filter_blocks(geometry, filter), doctest::Contains(message),
                         ArgumentError);
  };
  refuses(
      {.kinds = {"value", "mlp-in"}},
      "filter_blocks: kinds \"mlp-in\" is the kind of no block; there are \"value\", \"output\"");
  refuses({.kinds = {"output"}, .first_layer = 2}, "leave none of the 3 blocks");
  refuses({.first_layer = 3},
          "layers 3 to the last leave none of the 3 blocks, which are of layers 0 to 2");
  refuses({.last_layer = -2}, "layers 0 to -2 are no range");
  refuses({.first_layer = 2, .last_layer = 1}, "layers 2 to 1 are no range");
}
