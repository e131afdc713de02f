#include "sextant/task/fit_head.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "sextant/core/errors.hpp"
#include "sextant/io/files.hpp"
#include "support/model_directory.hpp"

using namespace sextant;
using namespace sextant::task;

namespace {

const std::vector<LabelledText> six_sentences{{"a b", 1}, {"b c", 0}, {"d", 1},
                                              {"a", 0},   {"e f", 1}, {"c c", 0}};

}  // namespace

TEST_CASE("a head is fitted for an encoder's directory, as it asks") {
  const test::TemporaryDirectory directory("fit-head");
  test::write_letters_encoder(directory.path(), 1);
  const SentenceEncoder encoder = load_sentence_encoder(directory.path());
  CHECK(encoder.pooling == readout::Pooling());
  CHECK(encoder.directory == directory.path());
  std::size_t done = 0;
  const auto fit =
      fit_head(encoder, six_sentences, "s.tsv", [&](std::size_t count) { done = count; });
  CHECK(done == 6);
  const auto same = fit_head(encoder.weights, *encoder.tokenizer, {}, six_sentences, "s.tsv");
  CHECK(fit.head.weight == same.head.weight);
  CHECK(fit.leave_one_out_accuracy.has_value());
  std::filesystem::create_directories(directory.path() / "1_Pooling");
  io::write_file(directory.path() / "1_Pooling/config.json",
                 R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false,)"
                 R"( "word_embedding_dimension": 99})");
  const SentenceEncoder other = load_sentence_encoder(directory.path());
  CHECK(other.pooling.mode == readout::PoolingMode::cls);
  CHECK(other.notes.readings.size() == encoder.notes.readings.size() + 1);
  const auto first_tokens = fit_head(other, six_sentences, "s.tsv");
  CHECK(first_tokens.head.pooling == other.pooling);
  CHECK(first_tokens.head.weight != fit.head.weight);
}

TEST_CASE("sentences longer than sentence-transformers reads are embedded in full, with a word") {
  const test::TemporaryDirectory directory("fit-head-long");
  test::write_letters_encoder(directory.path(), 1);
  const auto before = fit_head(load_sentence_encoder(directory.path()), six_sentences, "s.tsv");
  io::write_file(directory.path() / "sentence_bert_config.json", R"({"max_seq_length": 3})");
  const SentenceEncoder encoder = load_sentence_encoder(directory.path());
  CHECK(encoder.max_length == 3);
  const auto fit = fit_head(encoder, six_sentences, "s.tsv");
  CHECK(fit.head.weight == before.head.weight);
  REQUIRE(fit.warnings.size() == before.warnings.size() + 1);
  CHECK(fit.warnings.back() ==
        "s.tsv: 4 texts are longer than max_seq_length in sentence_bert_config.json (3 tokens), "
        "read in full and not cut");
}

TEST_CASE("an encoder that was not loaded needs a tokenizer, and has no directory to blame") {
  const test::TemporaryDirectory directory("fit-head-memory");
  test::write_letters_encoder(directory.path(), std::numeric_limits<float>::quiet_NaN());
  const SentenceEncoder loaded = load_sentence_encoder(directory.path());
  CHECK_THROWS_WITH_AS(fit_head(SentenceEncoder{.weights = loaded.weights}, six_sentences, "s.tsv"),
                       "fit_head: encoder.tokenizer is null", ArgumentError);
  CHECK_THROWS_AS(
      fit_head(SentenceEncoder{.weights = loaded.weights, .tokenizer = loaded.tokenizer},
               six_sentences, "s.tsv"),
      NumericalError);
}

TEST_CASE(
    "a weight that is not finite is named, and models without a head of their own alone fit") {
  const test::TemporaryDirectory directory("fit-head-nan");
  test::write_letters_encoder(directory.path(), std::numeric_limits<float>::quiet_NaN());
  const SentenceEncoder encoder = load_sentence_encoder(directory.path());
  CHECK_THROWS_WITH_AS(fit_head(encoder, six_sentences, "s.tsv"),
                       doctest::Contains("encoder.layer.1.attention.self.value.weight"),
                       InputError);
  for (const model::Family family : {model::Family::gpt2, model::Family::rows}) {
    const test::TemporaryDirectory other("fit-head-other");
    test::write_model(other.path(),
                      test::random_parameters<float>(test::small_config(family, 2, 2, 12), 1));
    CHECK_THROWS_WITH_AS(load_sentence_encoder(other.path()),
                         doctest::Contains(family == model::Family::gpt2
                                               ? "config.json: is a decoder; a head is fitted"
                                               : "which has a head of its own"),
                         InputError);
  }
}
