#pragma once

/// `--kernel products`: a model's kernel as products, for prompts of thousands of examples.

#include <cstdint>
#include <optional>
#include <string>

#include "options.hpp"
#include "sextant/advice/prompt_products.hpp"
#include "sextant/report/advice_html.hpp"

namespace sextant::apps {

/// How the kernel is handled.
struct KernelOptions {
  std::string kernel = "dense";
  std::optional<Eigen::Index> steps;
  std::optional<int> probes;

  /// Throws `UsageError` for options of products without products.
  bool from_products() const;
  /// Throws `UsageError` for options that nothing reads with products.
  void check(const StatisticOptions& options) const;
  advice::ProductOptions products(std::uint64_t seed) const;
};

/// Adds --kernel, --lanczos-steps and --probes.
void add_kernel_options(CLI::App& command, KernelOptions& options);

/// A model with its prompt, whose products refer to the model: it stays where it was made.
struct ProductSource {
  /// Loads the model and multiplies what all products share. Throws `UsageError` for a geometry
  /// file and for tokenwise features, which exist as kernels alone.
  ProductSource(const SourceOptions& options, bool quiet);
  ProductSource(const ProductSource&) = delete;
  ProductSource& operator=(const ProductSource&) = delete;

  std::string description;
  ttt::PromptModel model;
  advice::PromptProducts products;
};

report::Heading heading(const std::string& title, const ProductSource& source, std::uint64_t seed);

}  // namespace sextant::apps
