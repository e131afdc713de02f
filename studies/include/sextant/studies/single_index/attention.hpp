#pragma once

/// The softmax attention layer of the single-index learner (theory Sec. 2 of the single-index note;
/// Kuwataka and Suzuki, arXiv:2509.25741).
///
/// A context of n labelled inputs and a query q give
///
///     ty_j = clip(y_j, label_clip),   kap_j = key_offset + key_gain ty_j,
///     p(q) = softmax over j of kap_j x_j' Gamma q,     attn(q) = sum_j p_j(q) ty_j,
///
/// with one trained matrix Gamma [d, d]. For a small Gamma, attn is a function of beta'Gamma q
/// alone, sum_k h_k He_k-like terms; the label in the key brings the labels' information exponent 3
/// down to 2, the clip keeps heavy-tailed labels from dominating.

#include <Eigen/Core>
#include <string_view>

#include "sextant/studies/generators/single_index.hpp"

namespace sextant::studies::single_index {

struct Attention {
  double label_clip = 3;  ///< Positive; +infinity leaves labels as they are.
  double key_offset = 1;
  double key_gain =
      0.5;  ///< 0: keys without labels, the better in-context model and worse teacher.
};

/// Throws `ArgumentError` in the name of `function` for settings out of range.
void check_attention(std::string_view function, const Attention& attention);

/// ty [n]: the labels as attention reads them.
Eigen::VectorXd clipped_labels(const Eigen::Ref<const Eigen::VectorXd>& y, double clip);

/// attn(q) for every column of `queries` [d, q], [q]. `gamma` [d, d]; `context` has at least one
/// sample. In single precision with labels and queries in double: about 1e-6 of the largest label.
/// Throws `ArgumentError` for shapes that do not fit, and `NumericalError` when a score overflows.
/// O(n q d), on all threads; the same for every number of them.
Eigen::VectorXd attention_values(const Attention& attention,
                                 const Eigen::Ref<const Eigen::MatrixXd>& gamma,
                                 const generators::LabelledInputs& context,
                                 const Eigen::Ref<const Eigen::MatrixXd>& queries);

/// The first coefficients of attn for small Gamma, by quadrature over labels:
/// h1 = E[ty kap z] - E[ty] E[kap z], h2 = E[ty kap^2 He2(z)]/2, h3 = E[ty kap^3 He3(z)]/6.
struct AttentionCoefficients {
  double h1 = 0;
  double h2 = 0;
  double h3 = 0;
};

/// For one task's link, c and noise. About 1e-6 absolute (the clip has a kink). O(10^5).
AttentionCoefficients attention_coefficients(const Attention& attention,
                                             generators::LinkFamily link, double c, double sigma2);

}  // namespace sextant::studies::single_index
