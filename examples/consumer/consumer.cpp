#include <cstdio>

#include "sextant/advice/make_update.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/ttt/load.hpp"

/// consumer MODEL PROMPT TEXT: whether and how to adapt, and what it does to a new text.
int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  const auto model = sextant::ttt::load_prompt_model({.model = argv[1], .prompt = argv[2]});
  const auto plan = sextant::advice::plan(model.capture({}));
  const auto update = sextant::advice::adapt(model, plan);
  const double before = model.predict(model.weights(), {argv[3]})(0);
  const double after = model.predict(update.weights, {argv[3]})(0);
  std::printf("%s\n%s: %.4f before, %.4f after\n", plan.reason.c_str(), argv[3], before, after);
} catch (const sextant::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
