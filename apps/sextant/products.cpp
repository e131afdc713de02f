#include "products.hpp"

#include "program/help.hpp"
#include "sextant/core/errors.hpp"
#include "source.hpp"

namespace sextant::apps {

void add_kernel_options(CLI::App& command, KernelOptions& options) {
  in_group(command, how_far_group, [&] {
    command
        .add_option("--kernel", options.kernel,
                    "dense: exact n x n kernels; products: Lanczos' iteration on the model, for "
                    "thousands of examples")
        ->check(CLI::IsMember({"dense", "products"}))
        ->capture_default_str();
    const advice::ProductOptions defaults;
    command
        .add_option("--lanczos-steps", options.steps, "With products: steps of every Lanczos run")
        ->check(CLI::Range(1, 100000))
        ->default_str(std::to_string(defaults.steps));
    command
        .add_option("--probes", options.probes,
                    "With products: random vectors for traces and determinants")
        ->check(CLI::Range(2, 100000))
        ->default_str(std::to_string(defaults.probes));
  });
}

advice::ProductOptions KernelOptions::products(std::uint64_t seed) const {
  advice::ProductOptions result;
  result.steps = steps.value_or(result.steps);
  result.probes = probes.value_or(result.probes);
  result.seed = seed;
  return result;
}

void KernelOptions::check(const StatisticOptions& options) const {
  if (!from_products()) return;
  if (options.delta) throw UsageError("--delta: from products there is no certificate");
  if (options.horizon != "auto") {
    throw UsageError("--horizon: scores from products do not depend on it");
  }
}

bool KernelOptions::from_products() const {
  if (kernel == "products") return true;
  if (steps || probes) {
    throw UsageError("--lanczos-steps and --probes are for --kernel products");
  }
  return false;
}

namespace {

SourceOptions checked(const SourceOptions& options) {
  check_source(options);
  if (!options.from_model()) {
    throw UsageError("--kernel products needs --model and --prompt: a geometry file holds kernels");
  }
  if (capture_options(options).features == model::Features::tokenwise) {
    throw UsageError("--kernel products: its gradients are exact, leave out --features tokenwise");
  }
  return options;
}

}  // namespace

ProductSource::ProductSource(const SourceOptions& options, bool quiet)
    : description(checked(options).model + " with " + prompt_name(options)),
      model(open_model(options, quiet)),
      products(model, capture_options(options)) {
  warn_of_capture(model, products.blocks(), options, quiet);
}

report::Heading heading(const std::string& title, const ProductSource& source, std::uint64_t seed) {
  auto details =
      counts(source.model.examples(), source.model.queries(), source.products.blocks().size());
  details.emplace_back("kernel", "products");
  return heading(title, source.description, seed, std::move(details));
}

}  // namespace sextant::apps
