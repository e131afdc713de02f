#pragma once

/// Checks that includes follow the order of the folders.

#include <filesystem>
#include <string>
#include <vector>

namespace sextant::architecture {

/// The folders from the bottom to the top: those of the product (include/sextant and src), those of
/// the studies ("studies/linear"), and `apps`. An include may only point to its own folder or to an
/// earlier one, so the product never includes studies, and nothing but itself includes `apps`.
const std::vector<std::string>& folder_order();

/// One sentence per offence against the order in the source tree `root` ("src/io/a.cpp:3: ..."),
/// sorted; empty when there is none. Looks at every file of include/, src/, studies/ (but its
/// tests) and apps/.
///
/// Offences: an include of a later folder or of apps; an include of, or a file in, a folder that is
/// not in the order; a quoted include that is neither a header of the same folder nor written as
/// "sextant/<folder>/...".
std::vector<std::string> find_offences(const std::filesystem::path& root);

/// Source files below include/, src/, studies/ and apps/ of more than `limit` lines, relative to
/// `root`.
std::vector<std::string> find_long_files(const std::filesystem::path& root, int limit);

}  // namespace sextant::architecture
