#pragma once

/// OpenBLAS within this process: what the library sets, and what it finds.

#include <string>

namespace sextant {

/// Call before every use of BLAS or LAPACK; cheap after the first call, safe from any thread.
///
/// The first call tells BLAS to use one thread: `parallel_for` uses the cores, and a threaded BLAS
/// inside would make results depend on the number of threads and oversubscribe the machine. That
/// is a setting of the whole process. A host program that wants threads for products of its own
/// calls this once and then sets its number (`openblas_set_num_threads`): it is not set a second
/// time, and the library's last digits may then depend on it. Nothing else of the process is
/// touched, neither the environment nor the choice of kernels.
void prepare_blas();

/// The kernels in use, by OpenBLAS's name of the processor they were written for: "Haswell".
std::string blas_kernels();

/// Version and kernels: "OpenBLAS 0.3.21 with kernels for Haswell".
std::string blas_description();

/// An OpenBLAS that is older than the processor does not recognise it and falls back to kernels of
/// 2004 without wide vectors, five times slower. Where that has happened, and the processor has
/// AVX2 or AVX-512, the name of the kernels for those, "Haswell" or "SkylakeX"; empty otherwise.
/// OpenBLAS takes them when OPENBLAS_CORETYPE is set to that name before the program starts.
std::string better_blas_kernels();

}  // namespace sextant
