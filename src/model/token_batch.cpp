#include "sextant/model/token_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "sextant/core/errors.hpp"

namespace sextant::model {
namespace {

/// Throws `ArgumentError` unless there is a table with a label for each row.
void check_table(std::string_view function, const std::shared_ptr<const RowTable>& table) {
  if (table == nullptr) throw ArgumentError(function, "table", "is null");
  check_size(function, "table.labels", table->labels.size(),
             static_cast<std::size_t>(table->rows()));
  if (table->scalars < 1) {
    throw ArgumentError(function, "table.scalars",
                        fmt::format("is {}, expected at least 1", table->scalars));
  }
}

void check_sequences(const std::vector<std::vector<int>>& sequences) {
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    if (sequences[i].empty()) {
      throw ArgumentError("pack", fmt::format("sequences[{}]", i), "is empty");
    }
  }
}

/// A tree with one node per distinct prefix. Children are kept in order of first appearance.
struct PrefixTree {
  struct Node {
    int token;
    int parent;
    int depth;
    std::vector<int> children;
  };
  std::vector<Node> nodes;
  std::vector<int> roots;
  std::unordered_map<std::size_t, int> child_of;  // (parent, token) -> node

  int descend(int parent, int token) {
    const std::size_t key =
        static_cast<std::size_t>(parent + 1) << 32 | static_cast<unsigned>(token);
    const auto [place, is_new] = child_of.try_emplace(key, static_cast<int>(nodes.size()));
    if (is_new) {
      const auto above = static_cast<std::size_t>(parent);
      nodes.push_back({token, parent, parent < 0 ? 0 : nodes[above].depth + 1, {}});
      (parent < 0 ? roots : nodes[above].children).push_back(place->second);
    }
    return place->second;
  }
};

/// Lays the nodes out depth first, so that a chain of only children is one run of rows.
/// Returns the row of each node.
std::vector<int> lay_out(const PrefixTree& tree, TokenBatch& batch) {
  std::vector<int> row_of(tree.nodes.size());
  struct Pending {
    int node;
    int parent_segment;
  };
  std::vector<Pending> stack;
  for (auto root = tree.roots.rbegin(); root != tree.roots.rend(); ++root) {
    stack.push_back({*root, -1});
  }
  while (!stack.empty()) {
    auto [node, parent] = stack.back();
    stack.pop_back();
    const int index = static_cast<int>(batch.segments.size());
    Segment segment{static_cast<int>(batch.tokens.size()), 0, parent};
    for (;;) {
      const auto& here = tree.nodes[static_cast<std::size_t>(node)];
      row_of[static_cast<std::size_t>(node)] = static_cast<int>(batch.tokens.size());
      batch.tokens.push_back(here.token);
      batch.positions.push_back(here.depth);
      ++segment.length;
      if (here.children.size() != 1) {
        for (auto child = here.children.rbegin(); child != here.children.rend(); ++child) {
          stack.push_back({*child, index});
        }
        break;
      }
      node = here.children.front();
    }
    batch.segments.push_back(segment);
  }
  return row_of;
}

/// Sequences with one context: the rows that are asked for, ascending, and who asks.
struct ContextGroup {
  std::vector<int> context;
  std::map<int, std::vector<std::size_t>> queries;  // row -> sequences
};

void check_row_sequence(const RowTable& table, const std::vector<int>& sequence, std::size_t i) {
  const auto fail = [&](std::string_view problem) {
    throw ArgumentError("pack_rows", fmt::format("sequences[{}]", i), problem);
  };
  if (sequence.size() < 2) fail("has no context or no query");
  for (std::size_t k = 0; k < sequence.size(); ++k) {
    const int token = sequence[k];
    if (token < 0 || table.row_of(token) >= table.rows()) {
      fail(fmt::format("has {}, which the table of {} rows lacks", token, table.rows()));
    }
    if (table.is_query(token) != (k + 1 == sequence.size())) {
      fail("is not a context followed by one query");
    }
    if (!table.is_query(token) && table.labels[static_cast<std::size_t>(token)] < 0) {
      fail(fmt::format("has row {} without a label in its context", token));
    }
  }
}

/// In order of first appearance.
std::vector<ContextGroup> group_by_context(const RowTable& table,
                                           const std::vector<std::vector<int>>& sequences) {
  std::vector<ContextGroup> groups;
  std::map<std::vector<int>, std::size_t> known;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    check_row_sequence(table, sequences[i], i);
    std::vector<int> context(sequences[i].begin(), sequences[i].end() - 1);
    const auto [place, is_new] = known.try_emplace(context, groups.size());
    if (is_new) groups.push_back({std::move(context), {}});
    groups[place->second].queries[table.row_of(sequences[i].back())].push_back(i);
  }
  return groups;
}

}  // namespace

std::size_t TokenBatch::total_tokens() const {
  std::size_t total = 0;
  for (const auto& path : paths) total += path.size();
  return total;
}

TokenBatch pack_causal(const std::vector<std::vector<int>>& sequences,
                       const std::vector<std::vector<int>>& output_positions) {
  check_sequences(sequences);
  check_size("pack_causal", "output_positions", output_positions.size(), sequences.size());
  TokenBatch batch;
  batch.causal = true;
  PrefixTree tree;
  std::vector<std::vector<int>> nodes(sequences.size());
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    int node = -1;
    for (const int token : sequences[i]) {
      node = tree.descend(node, token);
      nodes[i].push_back(node);
    }
  }
  const std::vector<int> row_of = lay_out(tree, batch);
  for (auto& path : nodes) {
    for (int& node : path) node = row_of[static_cast<std::size_t>(node)];
  }
  batch.paths = std::move(nodes);

  for (std::size_t i = 0; i < sequences.size(); ++i) {
    for (const int position : output_positions[i]) {
      if (position < 0 || static_cast<std::size_t>(position) >= sequences[i].size()) {
        throw ArgumentError("pack_causal", fmt::format("output_positions[{}]", i),
                            fmt::format("has {}, outside its sequence of {} tokens", position,
                                        sequences[i].size()));
      }
      batch.outputs.push_back(batch.paths[i][static_cast<std::size_t>(position)]);
    }
  }
  std::sort(batch.outputs.begin(), batch.outputs.end());
  batch.outputs.erase(std::unique(batch.outputs.begin(), batch.outputs.end()), batch.outputs.end());
  batch.sequence_outputs.resize(sequences.size());
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    for (const int position : output_positions[i]) {
      const int row = batch.paths[i][static_cast<std::size_t>(position)];
      const auto place = std::lower_bound(batch.outputs.begin(), batch.outputs.end(), row);
      batch.sequence_outputs[i].push_back(static_cast<int>(place - batch.outputs.begin()));
    }
  }
  return batch;
}

TokenBatch pack_causal(const std::vector<std::vector<int>>& sequences) {
  std::vector<std::vector<int>> last;
  for (const auto& sequence : sequences) last.push_back({static_cast<int>(sequence.size()) - 1});
  return pack_causal(sequences, last);
}

TokenBatch pack_series(std::shared_ptr<const RowTable> table,
                       const std::vector<std::vector<int>>& sequences,
                       const std::vector<std::vector<int>>& output_positions) {
  check_table("pack_series", table);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    for (const int row : sequences[i]) {
      if (row < 0 || row >= table->rows()) {
        throw ArgumentError(
            "pack_series", fmt::format("sequences[{}]", i),
            fmt::format("has row {}, which the table of {} lacks", row, table->rows()));
      }
    }
  }
  TokenBatch batch = pack_causal(sequences, output_positions);
  batch.table_rows = batch.tokens;
  for (int& token : batch.tokens) token = table->labels[static_cast<std::size_t>(token)];
  batch.table = std::move(table);
  return batch;
}

TokenBatch pack_bidirectional(const std::vector<std::vector<int>>& sequences) {
  check_sequences(sequences);
  TokenBatch batch;
  batch.causal = false;
  for (const auto& sequence : sequences) {
    const int begin = static_cast<int>(batch.tokens.size());
    const int length = static_cast<int>(sequence.size());
    batch.segments.push_back({begin, length, -1});
    batch.tokens.insert(batch.tokens.end(), sequence.begin(), sequence.end());
    std::vector<int> rows(sequence.size());
    std::iota(rows.begin(), rows.end(), begin);
    for (int position = 0; position < length; ++position) batch.positions.push_back(position);
    batch.sequence_outputs.push_back(rows);
    batch.paths.push_back(std::move(rows));
  }
  batch.outputs.resize(batch.tokens.size());
  std::iota(batch.outputs.begin(), batch.outputs.end(), 0);
  return batch;
}

TokenBatch pack_rows(std::shared_ptr<const RowTable> table,
                     const std::vector<std::vector<int>>& sequences) {
  check_table("pack_rows", table);
  TokenBatch batch;
  batch.causal = false;
  batch.paths.resize(sequences.size());
  batch.sequence_outputs.resize(sequences.size());
  const auto add_row = [&](int row, int token, int position) {
    batch.tokens.push_back(token);
    batch.positions.push_back(position);
    batch.table_rows.push_back(row);
  };
  for (const ContextGroup& group : group_by_context(*table, sequences)) {
    const int begin = static_cast<int>(batch.tokens.size());
    const int length = static_cast<int>(group.context.size());
    const int parent = static_cast<int>(batch.segments.size());
    std::vector<int> path(group.context.size() + 1);
    std::iota(path.begin(), path.end(), begin);
    for (int k = 0; k < length; ++k) {
      const int row = group.context[static_cast<std::size_t>(k)];
      add_row(row, table->labels[static_cast<std::size_t>(row)] + 1, k);
    }
    batch.segments.push_back({begin, length, -1});
    batch.segments.push_back({begin + length, static_cast<int>(group.queries.size()), parent});
    for (const auto& [row, askers] : group.queries) {
      path.back() = static_cast<int>(batch.tokens.size());
      for (const std::size_t i : askers) {
        batch.paths[i] = path;
        batch.sequence_outputs[i] = {static_cast<int>(batch.outputs.size())};
      }
      batch.outputs.push_back(path.back());
      add_row(row, 0, length);
    }
  }
  for (const auto& sequence : sequences) {
    batch.scalars.push_back(table->scalar_of(sequence.back()));
  }
  batch.table = std::move(table);
  return batch;
}

}  // namespace sextant::model
