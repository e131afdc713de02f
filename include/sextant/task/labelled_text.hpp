#pragma once

/// Labelled sentences in a tab-separated file, as a linear head is fitted on.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::task {

struct LabelledText {
  std::string text = {};
  double label = 0;
};

/// Parses lines "<sentence><TAB><label>" after a header line that reads "sentence<TAB>label".
/// Sentences hold no tabs and are taken as they stand; a byte-order mark, and a carriage return
/// before the end of a line are dropped. Throws `InputError` naming `file`, the line and the likely
/// cause when the header is another, a line has no or several tabs, a sentence is blank, a label is
/// not a finite number, the text is in UTF-16, or there are no sentences.
std::vector<LabelledText> parse_labelled_texts(std::string_view text, std::string_view file);

/// `parse_labelled_texts` of a file. Throws `InputError` also when it cannot be read.
std::vector<LabelledText> load_labelled_texts(const std::filesystem::path& path);

/// A sentence on quotes around the sentences, which are read as part of these, where they look like
/// those that programs put around cells: every sentence that begins with a quote ends with one, and
/// quotes in it are doubled. Empty otherwise.
std::string note_on_quotes(const std::vector<LabelledText>& sentences, std::string_view file);

}  // namespace sextant::task
