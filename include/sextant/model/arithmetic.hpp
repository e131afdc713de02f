#pragma once

/// What decides the last digits of results beside the input and the program.

#include <string>
#include <string_view>

namespace sextant::model {

/// The vector width that the loops of this program were compiled for and use on this processor, by
/// the name of its level: "x86-64-v4" (AVX-512), "x86-64-v3" (AVX2), or "baseline" where there is
/// one version of them.
std::string vector_loops();

/// "OpenBLAS 0.3.21 with kernels for SkylakeX, vector loops for x86-64-v4": results agree to the
/// last bit only where this is the same.
std::string arithmetic_in_use();

/// What is wrong with continuing here what `found`, an earlier `arithmetic_in_use()`, has begun, as
/// the end of a message that names both; empty when they are the same.
std::string arithmetic_difference(std::string_view found);

}  // namespace sextant::model
