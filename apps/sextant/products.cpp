#include "products.hpp"

#include "help.hpp"
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

std::vector<geometry::Block> blocks_of(const ttt::PromptModel& model,
                                       const SourceOptions& options) {
  std::vector<geometry::Block> blocks;
  for (const auto& block : model::model_blocks(model.weights().config, capture_options(options))) {
    blocks.push_back(block.block);
  }
  return blocks;
}

std::vector<std::string> names_of(const std::vector<geometry::Block>& blocks) {
  std::vector<std::string> names;
  for (const geometry::Block& block : blocks) names.push_back(block.name);
  return names;
}

}  // namespace

ProductSource::ProductSource(const SourceOptions& options, bool quiet)
    : description(checked(options).model + " with " + options.prompt),
      model(open_model(options, quiet)),
      blocks(blocks_of(model, options)),
      examples(model, model.prompt().example_tokens, names_of(blocks)),
      kernel(examples) {
  warn_of_unused_scales(model, blocks, options, quiet);
  const Eigen::Index n = model.examples();
  const Eigen::Index m = model.queries();
  products.kernel = &kernel;
  products.residuals = model.targets() - examples.predictions();
  products.couplings.resize(n, m);
  products.variances.resize(m);
  if (m == 0) return;
  const ttt::ModelJacobian queries(model, model.prompt().query_tokens, names_of(blocks));
  const auto& numbers = model.prompt().query_numbers;
  for (Eigen::Index x = 0; x < m; ++x) {
    query_gradients.push_back(queries.pull_back(Eigen::VectorXd::Unit(m, x)));
    products.couplings.col(x) = examples.push_forward(query_gradients.back());
    products.variances[x] = queries.squared_norms(query_gradients.back()).sum();
    products.query_numbers.push_back(numbers.empty() ? x : numbers[static_cast<std::size_t>(x)]);
  }
}

subspace::EstimatedScores ProductSource::scores(subspace::Method method,
                                                const advice::HorizonChoice& whole,
                                                const advice::ProductOptions& options) const {
  if (method != subspace::Method::query_aware) {
    return subspace::trace_scores_from_products(
        kernel,
        [&](const Eigen::VectorXd& v) { return examples.squared_norms(examples.pull_back(v)); },
        whole.benchmark, {options.probes, options.steps, options.seed});
  }
  std::vector<Eigen::MatrixXd> couplings;
  for (const auto& gradient : query_gradients) {
    Eigen::MatrixXd& coupling =
        couplings.emplace_back(examples.size(), static_cast<Eigen::Index>(blocks.size()));
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      coupling.col(static_cast<Eigen::Index>(b)) =
          examples.push_forward(examples.restricted(gradient, b));
    }
  }
  constexpr double single_precision = 1e-5;
  return subspace::query_aware_scores_from_products(
      couplings, spectral::top_eigenpairs(kernel, options.steps, single_precision),
      whole.benchmark);
}

report::Heading heading(const std::string& title, const ProductSource& source, std::uint64_t seed) {
  auto details = counts(source.model.examples(), source.model.queries(), source.blocks.size());
  details.emplace_back("kernel", "products");
  return heading(title, source.description, seed, std::move(details));
}

}  // namespace sextant::apps
