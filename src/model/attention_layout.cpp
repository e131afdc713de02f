#include <algorithm>
#include <numeric>

#include "sextant/model/attention.hpp"

namespace sextant::model {
namespace {

std::vector<int> iota(std::size_t count) {
  std::vector<int> values(count);
  std::iota(values.begin(), values.end(), 0);
  return values;
}

int to_int(std::size_t value) { return static_cast<int>(value); }

/// The rows of every segment of a path, from the root to the end of `segment`.
void append_path(const TokenBatch& batch, int segment, std::vector<int>& keys) {
  std::vector<int> chain;
  for (int s = segment; s >= 0; s = batch.segments[static_cast<std::size_t>(s)].parent) {
    chain.push_back(s);
  }
  for (auto s = chain.rbegin(); s != chain.rend(); ++s) {
    const Segment& part = batch.segments[static_cast<std::size_t>(*s)];
    for (int row = part.begin; row < part.begin + part.length; ++row) keys.push_back(row);
  }
}

/// How many of its keys a query sees: the last of a sequence over a table's rows is its query,
/// which nobody attends to.
int visible(const TokenBatch& batch, int position, int length) {
  if (batch.causal) return position + 1;
  return batch.table != nullptr ? length - 1 : length;
}

/// Queries are the (ascending) rows `rows` of the batch; query i's activations are in row
/// `activation[i]`.
AttentionLayout tree_layout(const TokenBatch& batch, const std::vector<int>& rows) {
  AttentionLayout layout;
  layout.query_activation = iota(rows.size());
  layout.query_key = rows;
  layout.key_activation = iota(batch.rows());
  layout.key_position = batch.positions;
  auto next = rows.begin();
  for (std::size_t s = 0; s < batch.segments.size(); ++s) {
    const Segment& segment = batch.segments[s];
    if (segment.parent < 0) layout.component.push_back(layout.groups.size());
    const auto end = std::lower_bound(next, rows.end(), segment.begin + segment.length);
    if (end == next) continue;
    AttentionGroup group;
    group.query_begin = to_int(static_cast<std::size_t>(next - rows.begin()));
    group.query_end = to_int(static_cast<std::size_t>(end - rows.begin()));
    group.keys_begin = layout.keys.size();
    const bool is_query = !batch.causal && batch.table != nullptr && segment.parent >= 0;
    append_path(batch, is_query ? segment.parent : to_int(s), layout.keys);
    group.keys_end = layout.keys.size();
    const int length = to_int(group.keys_end - group.keys_begin);
    for (; next != end; ++next) {
      const int position = batch.positions[static_cast<std::size_t>(*next)];
      layout.query_position.push_back(position);
      layout.query_visible.push_back(batch.causal ? position + 1 : length);
    }
    layout.groups.push_back(group);
  }
  layout.component.push_back(layout.groups.size());
  return layout;
}

}  // namespace

AttentionLayouts tree_layouts(const TokenBatch& batch) {
  return {tree_layout(batch, iota(batch.rows())), tree_layout(batch, batch.outputs)};
}

SequenceLayouts sequence_layouts(const TokenBatch& batch) {
  SequenceLayouts result;
  AttentionLayout& full = result.layouts.full;
  AttentionLayout& top = result.layouts.top;
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    const auto& path = batch.paths[i];
    const int begin = to_int(full.key_activation.size());
    const int length = to_int(path.size());
    const AttentionGroup keys{0, 0, full.key_activation.size(),
                              full.key_activation.size() + path.size()};
    full.key_activation.insert(full.key_activation.end(), path.begin(), path.end());
    for (int position = 0; position < length; ++position) {
      full.key_position.push_back(position);
      full.query_visible.push_back(visible(batch, position, length));
    }
    full.component.push_back(i);
    full.groups.push_back({begin, begin + length, keys.keys_begin, keys.keys_end});
    result.full.push_back({begin, begin + length});

    const int top_begin = to_int(top.query_activation.size());
    for (const int output : batch.sequence_outputs[i]) {
      const int row = batch.outputs[static_cast<std::size_t>(output)];
      const int position = batch.positions[static_cast<std::size_t>(row)];
      top.query_activation.push_back(output);
      top.query_visible.push_back(visible(batch, position, length));
      top.query_position.push_back(position);
      top.query_key.push_back(begin + position);
    }
    const int top_end = to_int(top.query_activation.size());
    top.component.push_back(i);
    top.groups.push_back({top_begin, top_end, keys.keys_begin, keys.keys_end});
    result.top.push_back({top_begin, top_end});
  }
  full.component.push_back(full.groups.size());
  top.component.push_back(top.groups.size());
  full.query_activation = full.key_activation;
  full.query_position = full.key_position;
  full.query_key = iota(full.key_activation.size());
  full.keys = full.query_key;
  top.keys = full.keys;
  top.key_activation = full.key_activation;
  top.key_position = full.key_position;
  return result;
}

}  // namespace sextant::model
