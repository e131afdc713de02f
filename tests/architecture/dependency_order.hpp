#pragma once

/// Checks that includes follow the order of the folders.

#include <filesystem>
#include <string>
#include <vector>

namespace sextant::architecture {

/// The folders of include/sextant and src from the bottom to the top; an include may only point to
/// its own folder or to an earlier one. `apps` is last: nothing but itself includes it.
const std::vector<std::string>& folder_order();

/// One sentence per offence against the order in the source tree `root` ("src/io/a.cpp:3: ..."),
/// sorted; empty when there is none. Looks at every file of include/, src/ and apps/.
///
/// Offences: an include of a later folder or of apps; an include of, or a file in, a folder that is
/// not in the order; a quoted include that is neither a header of the same folder nor written as
/// "sextant/<folder>/...".
std::vector<std::string> find_offences(const std::filesystem::path& root);

/// Source files below include/, src/ and apps/ of more than `limit` lines, relative to `root`.
std::vector<std::string> find_long_files(const std::filesystem::path& root, int limit);

}  // namespace sextant::architecture
