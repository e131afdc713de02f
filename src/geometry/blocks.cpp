#include "sextant/geometry/blocks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "sextant/core/errors.hpp"
#include "sextant/core/names.hpp"
#include "sextant/geometry/block_scales.hpp"
#include "sextant/geometry/validation.hpp"

namespace sextant::geometry {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

void check_indices(std::string_view function, std::string_view argument,
                   std::span<const Index> indices, Index count) {
  std::vector<bool> seen(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const Index index = indices[i];
    if (index < 0 || index >= count) {
      throw ArgumentError(
          function, argument,
          fmt::format("[{}] is {}, expected an index between 0 and {}", i, index, count - 1));
    }
    if (seen[index]) {
      throw ArgumentError(function, argument, fmt::format("[{}] = {} is given twice", i, index));
    }
    seen[index] = true;
  }
}

void check_query(std::string_view function, const PromptGeometry& geometry, Index query) {
  const Index queries[] = {query};
  check_indices(function, "query", queries, geometry.queries());
}

}  // namespace

std::vector<Index> all_blocks(const PromptGeometry& geometry) {
  std::vector<Index> blocks(static_cast<std::size_t>(geometry.block_count()));
  std::iota(blocks.begin(), blocks.end(), Index{0});
  return blocks;
}

std::string unknown_block(std::string_view name, std::span<const Block> known) {
  constexpr std::size_t shown = 3;
  std::vector<std::string> names;
  for (const Block& block : known) names.push_back(block.name);
  const std::vector<std::string> likely = likely_names(name, names);
  if (!likely.empty()) {
    return fmt::format("\"{}\" is unknown; did you mean \"{}\"? There are {} blocks", name,
                       fmt::join(likely, "\" or \""), known.size());
  }
  return fmt::format("\"{}\" is unknown; there {} {}", name, known.size() == 1 ? "is" : "are",
                     listed(names, shown));
}

std::vector<Index> select_blocks(const PromptGeometry& geometry,
                                 const std::vector<std::string>& names) {
  std::unordered_map<std::string_view, Index> index_of;
  for (Index b = 0; b < geometry.block_count(); ++b) index_of.emplace(geometry.blocks[b].name, b);
  std::vector<Index> blocks;
  for (const std::string& name : names) {
    const auto found = index_of.find(name);
    if (found == index_of.end()) {
      throw ArgumentError("select_blocks", "blocks", unknown_block(name, geometry.blocks));
    }
    if (std::ranges::find(blocks, found->second) != blocks.end()) {
      throw ArgumentError("select_blocks", "blocks", fmt::format("\"{}\" is given twice", name));
    }
    blocks.push_back(found->second);
  }
  return blocks;
}

std::vector<Index> filter_blocks(const PromptGeometry& geometry, const BlockFilter& filter) {
  constexpr std::string_view here = "filter_blocks";
  std::vector<std::string> known;
  for (const Block& block : geometry.blocks) {
    if (std::ranges::find(known, block.kind) == known.end()) known.push_back(block.kind);
  }
  for (const std::string& kind : filter.kinds) {
    if (std::ranges::find(known, kind) != known.end()) continue;
    throw ArgumentError(here, "kinds",
                        fmt::format("\"{}\" is the kind of no block; there are \"{}\"", kind,
                                    fmt::join(known, "\", \"")));
  }
  if (filter.first_layer < 0 || filter.last_layer < -1 ||
      (filter.last_layer >= 0 && filter.last_layer < filter.first_layer)) {
    throw ArgumentError(
        here, "layers",
        fmt::format("{} to {} are no range, expected 0 or more and no lower end, -1 for the last",
                    filter.first_layer, filter.last_layer));
  }
  std::vector<Index> kept;
  for (Index b = 0; b < geometry.block_count(); ++b) {
    const Block& block = geometry.blocks[static_cast<std::size_t>(b)];
    const bool is_kind =
        filter.kinds.empty() || std::ranges::find(filter.kinds, block.kind) != filter.kinds.end();
    const bool is_below = filter.last_layer < 0 || block.layer <= filter.last_layer;
    if (is_kind && is_below && block.layer >= filter.first_layer) kept.push_back(b);
  }
  if (!kept.empty()) return kept;
  if (geometry.blocks.empty()) throw ArgumentError(here, "geometry", "has no blocks");
  const auto [lowest, highest] = std::ranges::minmax(geometry.blocks, {}, &Block::layer);
  const std::string last =
      filter.last_layer < 0 ? std::string("the last") : std::to_string(filter.last_layer);
  throw ArgumentError(
      here, "layers",
      fmt::format("{} to {} leave none of the {} blocks{}, which are of layers {} to {}",
                  filter.first_layer, last, geometry.block_count(),
                  filter.kinds.empty() ? "" : " (with these kinds)", lowest.layer, highest.layer));
}

std::vector<std::string> block_names(const PromptGeometry& geometry,
                                     std::span<const Index> blocks) {
  check_indices("block_names", "blocks", blocks, geometry.block_count());
  std::vector<std::string> names;
  for (const Index b : blocks) names.push_back(geometry.blocks[b].name);
  return names;
}

std::vector<std::string> block_names(const PromptGeometry& geometry) {
  return block_names(geometry, all_blocks(geometry));
}

MatrixXd summed_kernel(const PromptGeometry& geometry, std::span<const Index> blocks) {
  check_sizes("summed_kernel", geometry);
  check_indices("summed_kernel", "blocks", blocks, geometry.block_count());
  MatrixXd sum = MatrixXd::Zero(geometry.examples(), geometry.examples());
  for (const Index b : blocks) sum += geometry.kernels[b];
  return sum;
}

MatrixXd summed_kernel(const PromptGeometry& geometry) {
  return summed_kernel(geometry, all_blocks(geometry));
}

VectorXd summed_coupling(const PromptGeometry& geometry, Index query,
                         std::span<const Index> blocks) {
  check_sizes("summed_coupling", geometry);
  check_query("summed_coupling", geometry, query);
  check_indices("summed_coupling", "blocks", blocks, geometry.block_count());
  VectorXd sum = VectorXd::Zero(geometry.examples());
  for (const Index b : blocks) sum += geometry.query_kernels[query].col(b);
  return sum;
}

VectorXd summed_coupling(const PromptGeometry& geometry, Index query) {
  return summed_coupling(geometry, query, all_blocks(geometry));
}

double summed_variance(const PromptGeometry& geometry, Index query, std::span<const Index> blocks) {
  check_sizes("summed_variance", geometry);
  check_query("summed_variance", geometry, query);
  check_indices("summed_variance", "blocks", blocks, geometry.block_count());
  double sum = 0;
  for (const Index b : blocks) sum += geometry.query_variances(query, b);
  return sum;
}

double summed_variance(const PromptGeometry& geometry, Index query) {
  return summed_variance(geometry, query, all_blocks(geometry));
}

PromptGeometry restricted_to_blocks(const PromptGeometry& geometry, std::span<const Index> blocks) {
  check_sizes("restricted_to_blocks", geometry);
  check_indices("restricted_to_blocks", "blocks", blocks, geometry.block_count());
  PromptGeometry result;
  result.residuals = geometry.residuals;
  result.prompt_base = geometry.prompt_base;
  result.prompt_targets = geometry.prompt_targets;
  result.query_base = geometry.query_base;
  result.query_targets = geometry.query_targets;
  result.query_numbers = geometry.query_numbers;
  result.tokenwise = geometry.tokenwise;
  for (const Index b : blocks) {
    result.blocks.push_back(geometry.blocks[b]);
    result.kernels.push_back(geometry.kernels[b]);
  }
  result.block_scales = scales_of(geometry.block_scales, block_names(result));
  const auto count = static_cast<Index>(blocks.size());
  result.query_kernels.assign(geometry.query_kernels.size(), MatrixXd(geometry.examples(), count));
  result.query_variances.resize(geometry.queries(), count);
  for (Index i = 0; i < count; ++i) {
    const Index b = blocks[static_cast<std::size_t>(i)];
    for (Index x = 0; x < geometry.queries(); ++x) {
      result.query_kernels[x].col(i) = geometry.query_kernels[x].col(b);
      result.query_variances(x, i) = geometry.query_variances(x, b);
    }
  }
  return result;
}

PromptGeometry restricted_to_queries(const PromptGeometry& geometry,
                                     std::span<const Index> queries) {
  check_sizes("restricted_to_queries", geometry);
  check_indices("restricted_to_queries", "queries", queries, geometry.queries());
  PromptGeometry result;
  result.residuals = geometry.residuals;
  result.blocks = geometry.blocks;
  result.kernels = geometry.kernels;
  result.prompt_base = geometry.prompt_base;
  result.prompt_targets = geometry.prompt_targets;
  result.block_scales = geometry.block_scales;
  result.tokenwise = geometry.tokenwise;
  const auto count = static_cast<Index>(queries.size());
  const bool base_known = geometry.query_base.size() > 0;
  result.query_variances.resize(count, geometry.block_count());
  if (base_known) result.query_base.resize(count);
  for (Index i = 0; i < count; ++i) {
    const Index x = queries[static_cast<std::size_t>(i)];
    result.query_kernels.push_back(geometry.query_kernels[x]);
    result.query_numbers.push_back(geometry.query_number(x));
    if (!geometry.query_targets.empty()) result.query_targets.push_back(geometry.query_targets[x]);
    if (base_known) result.query_base[i] = geometry.query_base[x];
    for (Index b = 0; b < geometry.block_count(); ++b) {
      result.query_variances(i, b) = geometry.query_variances(x, b);
    }
  }
  return result;
}

}  // namespace sextant::geometry
