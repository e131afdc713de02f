#include "sextant/advice/prompt_products.hpp"

#include "label_checks.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/spectral/top_eigenpairs.hpp"

namespace sextant::advice {
namespace {

std::vector<geometry::Block> product_blocks(const ttt::PromptModel& model,
                                            const model::CaptureOptions& options) {
  if (options.features == model::Features::tokenwise) {
    throw ArgumentError("PromptProducts", "features",
                        "is tokenwise, but products have exact gradients alone");
  }
  std::vector<geometry::Block> blocks;
  for (const auto& block : model::model_blocks(model.weights().config, options)) {
    blocks.push_back(block.block);
  }
  return blocks;
}

std::vector<std::string> product_names(const std::vector<geometry::Block>& blocks) {
  std::vector<std::string> names;
  for (const geometry::Block& block : blocks) names.push_back(block.name);
  return names;
}

std::vector<double> known_labels(const ttt::PromptModel& model) {
  std::vector<double> labels = model.prompt().example_targets;
  for (const auto& label : model.prompt().query_targets) {
    if (label) labels.push_back(*label);
  }
  return labels;
}

}  // namespace

PromptProducts::PromptProducts(const ttt::PromptModel& model, const model::CaptureOptions& options)
    : blocks_(product_blocks(model, options)),
      examples_(model, model.prompt().example_tokens, product_names(blocks_)),
      kernel_(examples_) {
  const Eigen::Index n = model.examples();
  const Eigen::Index m = model.queries();
  products_.kernel = &kernel_;
  products_.residuals = model.targets() - examples_.predictions();
  products_.couplings.resize(n, m);
  products_.variances.resize(m);
  const std::vector<double> labels = known_labels(model);
  Eigen::VectorXd predictions = examples_.predictions();
  error_range_ = advice::error_range(labels, predictions, products_.residuals);
  if (m == 0) return;
  const ttt::ModelJacobian queries(model, model.prompt().query_tokens, product_names(blocks_));
  predictions.conservativeResize(n + m);
  predictions.tail(m) = queries.predictions();
  error_range_ = advice::error_range(labels, predictions, products_.residuals);
  const auto& numbers = model.prompt().query_numbers;
  for (Eigen::Index x = 0; x < m; ++x) {
    query_gradients_.push_back(queries.pull_back(Eigen::VectorXd::Unit(m, x)));
    products_.couplings.col(x) = examples_.push_forward(query_gradients_.back());
    products_.variances[x] = queries.squared_norms(query_gradients_.back()).sum();
    products_.query_numbers.push_back(numbers.empty() ? x : numbers[static_cast<std::size_t>(x)]);
  }
}

subspace::EstimatedScores PromptProducts::scores(subspace::Method method,
                                                 const HorizonChoice& whole,
                                                 const ProductOptions& options) const {
  if (method != subspace::Method::query_aware) {
    return subspace::trace_scores_from_products(
        kernel_,
        [&](const Eigen::VectorXd& v) { return examples_.squared_norms(examples_.pull_back(v)); },
        whole.benchmark, {options.probes, options.steps, options.seed});
  }
  std::vector<Eigen::MatrixXd> couplings;
  for (const auto& gradient : query_gradients_) {
    Eigen::MatrixXd& coupling =
        couplings.emplace_back(examples_.size(), static_cast<Eigen::Index>(blocks_.size()));
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      coupling.col(static_cast<Eigen::Index>(b)) =
          examples_.push_forward(examples_.restricted(gradient, b));
    }
  }
  constexpr double single_precision = 1e-5;
  return subspace::query_aware_scores_from_products(
      couplings, spectral::top_eigenpairs(kernel_, options.steps, single_precision),
      whole.benchmark);
}

HorizonChoice choose_horizon(const PromptProducts& prompt, const HorizonOptions& options,
                             const ProductOptions& products) {
  HorizonChoice choice = choose_horizon(prompt.products(), options, products);
  for (std::string& text : range_warnings(prompt.error_range(), choice)) {
    choice.warnings.push_back(std::move(text));
  }
  return choice;
}

BlockRanking rank_blocks(const PromptProducts& prompt, const BlockRankingOptions& options,
                         const ProductOptions& products) {
  using subspace::Method;
  if (subspace::is_greedy(options.method) || options.method == Method::random) {
    throw ArgumentError("rank_blocks", "method",
                        "needs kernels; products know query-aware, trace and trace-bottom");
  }
  if (options.method == Method::query_aware && prompt.products().variances.size() == 0) {
    throw ArgumentError("rank_blocks", "method",
                        "is query-aware, but the prompt has no query: use trace");
  }
  const HorizonChoice whole = choose_horizon(prompt.products(), options.horizon_options, products);
  BlockRanking ranking =
      rank_blocks(prompt.blocks(), prompt.scores(options.method, whole, products), whole, options);
  ranking.warnings.insert(ranking.warnings.begin(), whole.warnings.begin(), whole.warnings.end());
  for (std::string& text : range_warnings(prompt.error_range(), ranking)) {
    ranking.warnings.push_back(std::move(text));
  }
  return ranking;
}

}  // namespace sextant::advice
