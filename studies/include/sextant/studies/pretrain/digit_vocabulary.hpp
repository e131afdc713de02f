#pragma once

/// The sixteen tokens of digit-shift models, as a byte-level BPE vocabulary.

#include <filesystem>
#include <string>
#include <vector>

#include "sextant/studies/generators/digit_shift.hpp"
#include "sextant/studies/pretrain/label_loss.hpp"

namespace sextant::studies::pretrain {

/// Token names by id: "0" to "9" (id = digit), "-", ":", ">", the newline in its byte-level
/// spelling,
/// "->" and "<|endoftext|>".
const std::vector<std::string>& digit_vocabulary();

/// Tokens of the task's examples followed by query `query` up to where its label would stand:
/// 4 tokens an example, then 2.
std::vector<int> query_tokens(const generators::DigitShiftTask& task, int query);

/// For each task the tokens of its examples up to where the last one's label would stand, with the
/// label of every example wanted at the separator before it. Throws `ArgumentError` for a task
/// without examples.
LabelledSequences label_sequences(const std::vector<generators::DigitShiftTask>& tasks);

/// Writes vocab.json, merges.txt and tokenizer_config.json to a directory, for models that read
/// `context` tokens. The texts of digit-shift tasks become exactly the tokens above.
void write_digit_tokenizer(const std::filesystem::path& directory, int context);

}  // namespace sextant::studies::pretrain
