#pragma once

/// What only a program may do to its process, and not the library inside someone else's.

namespace sextant::startup {

/// For the first line of `main`, before any other thread is started: where OpenBLAS has fallen back
/// to kernels without wide vectors (`better_blas_kernels`), makes it choose those that fit. For
/// that it changes the environment and OpenBLAS's state for a moment, which no other thread may use
/// meanwhile. Does nothing when OPENBLAS_CORETYPE is set, and where OpenBLAS cannot choose again.
void choose_blas_kernels();

}  // namespace sextant::startup
