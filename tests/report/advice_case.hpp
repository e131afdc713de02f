#pragma once

/// What the tests of advice reports share: a small geometry, an update, and checks of texts.

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <set>
#include <sstream>
#include <string>

#include "sextant/core/random.hpp"
#include "sextant/geometry/prompt_geometry.hpp"
#include "sextant/report/json_output.hpp"
#include "sextant/report/text.hpp"
#include "sextant/ttt/adaptation_result.hpp"

namespace sextant::test {

using Eigen::Index;
using Keys = std::set<std::string>;

/// Blocks from random gradients: `layers` x 2 value heads and one MLP matrix per layer.
inline geometry::PromptGeometry advice_geometry(Index n, Index m, int layers,
                                                double residual_scale) {
  Random random(5);
  const auto normals = [&](Index rows, Index cols) {
    Eigen::MatrixXd matrix(rows, cols);
    for (Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = random.normal();
    return matrix;
  };
  geometry::PromptGeometry geometry;
  geometry.residuals = residual_scale * normals(n, 1);
  for (int layer = 0; layer < layers; ++layer) {
    const std::string prefix = "h." + std::to_string(layer);
    geometry.blocks.push_back({prefix + ".attn.v.0", layer, 0, "value", 12});
    geometry.blocks.push_back({prefix + ".attn.v.1", layer, 1, "value", 12});
    geometry.blocks.push_back({prefix + ".mlp.in", layer, {}, "mlp-in", 48});
  }
  const auto count = static_cast<Index>(geometry.blocks.size());
  geometry.query_kernels.assign(m, Eigen::MatrixXd(n, count));
  geometry.query_variances.resize(m, count);
  for (Index b = 0; b < count; ++b) {
    const Eigen::MatrixXd features = normals(n + m, 4);
    geometry.kernels.push_back(features.topRows(n) * features.topRows(n).transpose());
    for (Index x = 0; x < m; ++x) {
      geometry.query_kernels[x].col(b) = features.topRows(n) * features.row(n + x).transpose();
      geometry.query_variances(x, b) = features.row(n + x).squaredNorm();
    }
  }
  return geometry;
}

inline ttt::Adaptation two_query_adaptation() {
  ttt::Adaptation adaptation;
  adaptation.horizon = 2;
  adaptation.rho = 0.1;
  adaptation.solver = ttt::Solver::steps;
  adaptation.blocks = {"h.0.attn.v.1"};
  adaptation.queries = {{0, 0.5, 0.7, 0.72, 1.0, 0.25, 0.0784}, {1, 0.1, 0.3, 0.3, {}, {}, {}}};
  adaptation.prompt = {1.0, 0.6, 0.58};
  adaptation.validity = {0.02, 0.3, 0.9, 0.22};
  adaptation.residual_norms = {1.0, 0.8, 0.6};
  adaptation.residual_norms_predicted = {1.0, 0.78, 0.58};
  return adaptation;
}

inline Keys keys(const report::OrderedJson& json) {
  Keys result;
  for (const auto& [key, value] : json.items()) result.insert(key);
  return result;
}

/// All keys of the contract are there; keys may be added.
inline void check_keys(const report::OrderedJson& json, const Keys& contract) {
  const Keys present = keys(json);
  for (const auto& key : contract) {
    CAPTURE(key);
    CHECK(present.count(key) == 1);
  }
}

inline void check_width(const std::string& text) {
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    CAPTURE(line);
    CHECK(report::display_width(line) <= 80);
  }
  CHECK((text.empty() || text.back() == '\n'));
}

}  // namespace sextant::test
