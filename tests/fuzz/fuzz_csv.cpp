// Any bytes as a CSV file: rejected with an InputError, or a rectangle of cells; and as a table to
// learn from: rejected, or a prompt whose numbers are finite.

#include <cstdint>
#include <string_view>

#include "fuzz/expect.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/task/row_prompt.hpp"

using namespace sextant;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const io::CsvTable csv = io::parse_csv({reinterpret_cast<const char*>(data), size}, "input");
    std::size_t line = 1;
    for (const auto& row : csv.rows) {
      fuzz::expect(row.size() == csv.header.size(), "rows as long as the header");
      for (const io::CsvCell& cell : row) {
        fuzz::expect(cell.line >= line, "lines in order");
        line = cell.line;
      }
    }
    const task::ClassTable table = task::parse_class_table(csv, {});
    fuzz::expect(table.examples.size() + table.queries.size() == csv.rows.size(),
                 "every row that is not blank is an example or a query");
    const task::RowTask rows = task::row_task(table, 100, 10);
    const task::EncodedPrompt prompt = task::encode(rows, 100, {8, 2, 8}, "input");
    fuzz::expect(prompt.table->features.allFinite(), "features are finite");
    fuzz::expect(prompt.example_tokens.size() == prompt.example_targets.size(), "a target each");
  } catch (const InputError&) {
  }
  return 0;
}
