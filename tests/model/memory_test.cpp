/// The memory bound of capture, by counting every allocation of the process.

#include <doctest/doctest.h>

#include "sextant/core/threads.hpp"
#include "sextant/model/capture.hpp"
#include "sextant/readout/label_expectation.hpp"
#include "support/random_model.hpp"

#if !defined(SEXTANT_SANITIZED) && defined(__GLIBC__)

#include <malloc.h>

#include <atomic>

namespace {

std::atomic<std::ptrdiff_t> live_bytes = 0;
std::atomic<std::ptrdiff_t> peak_bytes = 0;

void* counted(void* block) {
  if (block == nullptr) return block;
  const auto now = live_bytes += static_cast<std::ptrdiff_t>(malloc_usable_size(block));
  std::ptrdiff_t seen = peak_bytes;
  while (now > seen && !peak_bytes.compare_exchange_weak(seen, now)) {
  }
  return block;
}

void forget(void* block) {
  if (block != nullptr) live_bytes -= static_cast<std::ptrdiff_t>(malloc_usable_size(block));
}

}  // namespace

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) { return counted(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) { return counted(__libc_calloc(count, size)); }
void* realloc(void* block, std::size_t size) {
  forget(block);
  return counted(__libc_realloc(block, size));
}
void* memalign(std::size_t alignment, std::size_t size) {
  return counted(__libc_memalign(alignment, size));
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return counted(__libc_memalign(alignment, size));
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  *block = counted(__libc_memalign(alignment, size));
  return *block == nullptr;
}
void free(void* block) {
  forget(block);
  __libc_free(block);
}
}

using namespace sextant;
using namespace sextant::model;

TEST_CASE("capture stays within activations, kernels and one block's features") {
  // Weights live outside the count: they exist before it starts.
  ModelConfig config = test::small_config(Family::gpt2, 6, 4, 64);
  config.context = 512;
  const auto parameters = test::random_parameters<float>(config, 1, 0.1);
  const int n = 40;
  std::vector<std::vector<int>> sequences;
  for (int i = 0; i < n; ++i) {
    sequences.push_back(std::vector<int>(static_cast<std::size_t>(60 + i % 7), i % 16));
    sequences.back()[0] = i % 17;
  }
  const TokenBatch batch = pack_causal(sequences);
  const readout::LabelExpectation<float> labels(parameters.weights(), {1, 2}, {0, 1});
  for (const int threads : {1, 2}) {
    set_threads(threads);
    capture<float>(parameters.weights(), batch, n, labels, {});  // BLAS buffers, thread stacks
    const auto activations = forward(parameters.weights(), batch, tree_layouts(batch), true);
    // What one batch's reverse pass holds of one layer: a few rows of width d and F per token.
    const std::size_t rows = batch.total_tokens();
    const std::size_t one_layer =
        rows * static_cast<std::size_t>(8 * config.width + 2 * config.inner) * sizeof(float);
    const std::size_t blocks = static_cast<std::size_t>(config.layers * config.heads);
    const std::size_t kernels = blocks * static_cast<std::size_t>(n) * n * sizeof(double);
    const std::size_t features = static_cast<std::size_t>(n) * 64 * 16 * sizeof(double);
    const std::size_t bound =
        activations.bytes() + one_layer + kernels + static_cast<std::size_t>(threads) * features;
    const std::ptrdiff_t before = live_bytes;
    peak_bytes = before;
    const CaptureResult result = capture<float>(parameters.weights(), batch, n, labels, {});
    const auto used = static_cast<std::size_t>(peak_bytes - before);
    INFO(used, " bytes used, bound ", bound, ", activations ", activations.bytes());
    CHECK(result.grams.size() == blocks);
    CHECK(used < bound);
    CHECK(used > activations.bytes() / 2);  // the count does count
    // The Jacobian of the whole model would not fit.
    CHECK(bound < activations.bytes() + n * parameters.values().size() * sizeof(float));
  }
  set_threads(0);
}

#endif
