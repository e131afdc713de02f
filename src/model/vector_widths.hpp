#pragma once

/// What the files of vector loops share: SEXTANT_VECTOR_WIDTHS before a function makes one version
/// of it for each vector width, chosen when the program starts. Sanitizers do not survive functions
/// that are chosen before they are set up.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(SEXTANT_SANITIZED)
#define SEXTANT_VECTOR_WIDTHS \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SEXTANT_VECTOR_WIDTHS
#endif

#define SEXTANT_INLINE inline __attribute__((always_inline))
