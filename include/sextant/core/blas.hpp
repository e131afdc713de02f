#pragma once

/// Setting up OpenBLAS, once, before its first use.

#include <string>

namespace sextant {

/// Call before every use of BLAS or LAPACK; cheap after the first call, safe from any thread.
///
/// BLAS is told to use one thread: `parallel_for` uses the cores, and a threaded BLAS inside would
/// make results depend on the number of threads and oversubscribe the machine.
///
/// An OpenBLAS that is older than the processor does not recognise it and falls back to kernels of
/// 2004 without wide vectors, five times slower. Where that has happened, and the processor has
/// AVX2 or AVX-512, the kernels for those are chosen instead. An OPENBLAS_CORETYPE in the
/// environment is respected.
void prepare_blas();

/// The kernels in use, by OpenBLAS's name of the processor they were written for: "Haswell".
std::string blas_kernels();

}  // namespace sextant
