#include "sextant/geometry/file.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include "sextant/core/errors.hpp"
#include "sextant/core/threads.hpp"
#include "sextant/geometry/validation.hpp"
#include "sextant/io/json.hpp"
#include "sextant/io/safetensors.hpp"
#include "support/random_geometry.hpp"

using namespace sextant;
using namespace sextant::geometry;
namespace fs = std::filesystem;

namespace {

struct TemporaryDirectory {
  fs::path path = fs::temp_directory_path() / ("sextant-geometry-" + std::to_string(::getpid()));
  TemporaryDirectory() { fs::create_directory(path); }
  ~TemporaryDirectory() { fs::remove_all(path); }
};

/// A geometry file in pieces, to be spoilt one at a time. 2 examples, 1 query, 2 blocks.
struct RawFile {
  struct Tensor {
    std::string type = "F64";
    std::vector<std::size_t> shape;
    std::vector<double> values;
  };
  std::map<std::string, Tensor> tensors = {
      {"residuals", {"F64", {2}, {0.5, -1}}},
      {"kernels", {"F64", {2, 2, 2}, {2, 1, 1, 2, 1, 0, 0, 0}}},
      {"query_kernels", {"F64", {1, 2, 2}, {1, 2, 3, 4}}},
      {"query_variances", {"F64", {1, 2}, {5, 6}}},
      {"prompt_base", {"F64", {2}, {0.5, 1}}},
      {"prompt_targets", {"F64", {2}, {1, 0}}},
      {"query_base", {"F64", {1}, {0.25}}},
      {"query_targets", {"F64", {1}, {0.75}}}};
  std::map<std::string, std::string> metadata = {
      {"format", "sextant-geometry/1"},
      {"blocks", R"([{"name":"a","layer":0,"head":3,"kind":"value","parameters":8},)"
                 R"({"name":"b","layer":1,"head":null,"kind":"mlp-in","parameters":9}])"}};

  void write(const fs::path& path) const {
    io::SafetensorsWriter writer;
    std::map<std::string, std::vector<std::byte>> bytes;
    for (const auto& [key, value] : metadata) writer.set_metadata(key, value);
    for (const auto& [name, tensor] : tensors) {
      auto& data = bytes[name];
      for (const double value : tensor.values) {
        const auto single = static_cast<float>(value);
        const void* source = &value;
        if (tensor.type == "F32") source = &single;
        const std::size_t size = tensor.type == "F32" ? sizeof single : sizeof value;
        data.resize(data.size() + size);
        std::memcpy(data.data() + data.size() - size, source, size);
      }
      writer.add(name, tensor.type, tensor.shape, data);
    }
    writer.write(path);
  }
};

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("a geometry file comes back as written") {
  const TemporaryDirectory directory;
  const fs::path path = directory.path / "g.safetensors";
  Random random(1);
  PromptGeometry before = test::random_geometry(random, 5, 3, {4, 9, 1});
  before.blocks[2].head.reset();
  CHECK(write_geometry(path, before).empty());
  const PromptGeometry after = read_geometry(path);
  CHECK(after.residuals == before.residuals);
  CHECK(after.prompt_base == before.prompt_base);
  CHECK(after.prompt_targets == before.prompt_targets);
  CHECK(after.query_base == before.query_base);
  CHECK(after.query_targets == before.query_targets);
  CHECK(after.query_variances == before.query_variances);
  REQUIRE(after.block_count() == 3);
  REQUIRE(after.queries() == 3);
  for (std::size_t b = 0; b < 3; ++b) {
    CHECK(after.kernels[b] == after.kernels[b].transpose());
    CHECK((after.kernels[b] - before.kernels[b]).norm() <= 1e-15 * before.kernels[b].norm());
    CHECK(after.query_kernels[b] == before.query_kernels[b]);
    CHECK(after.blocks[b].name == before.blocks[b].name);
    CHECK(after.blocks[b].layer == before.blocks[b].layer);
    CHECK(after.blocks[b].head == before.blocks[b].head);
    CHECK(after.blocks[b].kind == before.blocks[b].kind);
    CHECK(after.blocks[b].parameters == before.blocks[b].parameters);
  }
}

TEST_CASE("ordinary special cases: no query, one example, zero residuals and kernels") {
  const TemporaryDirectory directory;
  const fs::path path = directory.path / "g.safetensors";
  Random random(2);
  SUBCASE("no query") {
    write_geometry(path, test::random_geometry(random, 4, 0, {3, 3}));
    const PromptGeometry geometry = read_geometry(path);
    CHECK(geometry.queries() == 0);
    CHECK(geometry.query_variances.rows() == 0);
    CHECK(geometry.query_variances.cols() == 2);
    RawFile raw;
    raw.tensors.erase("query_kernels");
    raw.tensors.erase("query_variances");
    raw.tensors.erase("query_base");
    raw.tensors.erase("query_targets");
    raw.write(path);
    CHECK(read_geometry(path).queries() == 0);
  }
  SUBCASE("one example, one block") {
    write_geometry(path, test::random_geometry(random, 1, 1, {1}));
    CHECK(read_geometry(path).examples() == 1);
  }
  SUBCASE("zero residuals, rank 0, and rank 1 with two examples alike") {
    PromptGeometry geometry = test::random_geometry(random, 2, 1, {3, 3});
    geometry.prompt_targets = geometry.prompt_base;
    geometry.residuals.setZero();
    geometry.kernels[0].setZero();
    geometry.kernels[1].setConstant(0.1);
    write_geometry(path, geometry);
    CHECK(read_geometry(path).kernels[0].isZero(0));
  }
  SUBCASE("some targets unknown: none is written") {
    PromptGeometry geometry = test::random_geometry(random, 2, 2, {3});
    geometry.query_targets[1].reset();
    geometry.query_base.resize(0);
    geometry.prompt_base.resize(0);
    CHECK(write_geometry(path, geometry) ==
          std::vector<std::string>{
              "some queries have no target, so the file holds no query_targets"});
    const PromptGeometry read = read_geometry(path);
    CHECK(read.query_targets.empty());
    CHECK(read.query_base.size() == 0);
    CHECK(read.prompt_base.size() == 0);
    CHECK(read.prompt_targets == geometry.prompt_targets);
  }
}

TEST_CASE("row-major order, head -1 or absent, F32 and its wider tolerance") {
  const TemporaryDirectory directory;
  const fs::path path = directory.path / "g.safetensors";
  RawFile raw;
  raw.metadata["blocks"] = R"([{"name":"a","layer":0,"head":-1,"kind":"value","parameters":8},)"
                           R"({"name":"b","layer":1,"kind":"mlp-in","parameters":9}])";
  raw.metadata["made-by"] = "a test";
  raw.write(path);
  PromptGeometry geometry = read_geometry(path);
  CHECK_FALSE(geometry.blocks[0].head);
  CHECK_FALSE(geometry.blocks[1].head);
  CHECK(geometry.query_kernels[0].col(1) == Eigen::Vector2d(3, 4));
  CHECK(geometry.query_variances(0, 1) == 6);
  CHECK(geometry.query_targets[0] == 0.75);

  // An eigenvalue of -2e-7: rounding to 32 bits may do that, to 64 bits not.
  RawFile::Tensor& kernels = raw.tensors["kernels"];
  kernels.values = {1, 1 + 2e-7, 1 + 2e-7, 1, 1, 0, 0, 0};
  raw.write(path);
  CHECK_THROWS_AS(read_geometry(path), InputError);
  for (auto& [name, tensor] : raw.tensors) tensor.type = "F32";
  raw.write(path);
  geometry = read_geometry(path);
  CHECK(geometry.kernels[0](0, 1) == static_cast<double>(static_cast<float>(1 + 2e-7)));
  kernels.values = {1, 1 + 1e-5, 1 + 1e-5, 1, 1, 0, 0, 0};
  raw.write(path);
  CHECK_THROWS_AS(read_geometry(path), InputError);
}

TEST_CASE("every invalid file is rejected, naming tensor, block and value") {
  const TemporaryDirectory directory;
  const fs::path path = directory.path / "g.safetensors";
  using Spoil = std::function<void(RawFile&)>;
  const auto set = [](std::string name, std::size_t index, double value) -> Spoil {
    return [=](RawFile& raw) { raw.tensors[name].values[index] = value; };
  };
  const auto reshape = [](std::string name, std::vector<std::size_t> shape) -> Spoil {
    return [=](RawFile& raw) {
      std::size_t count = 1;
      for (const std::size_t extent : shape) count *= extent;
      raw.tensors[name].shape = shape;
      raw.tensors[name].values.resize(count);
    };
  };
  const auto blocks = [](std::string text) -> Spoil {
    return [=](RawFile& raw) { raw.metadata["blocks"] = text; };
  };
  const auto erase = [](std::string name) -> Spoil {
    return [=](RawFile& raw) { raw.tensors.erase(name); };
  };
  const std::string block_b = R"(,{"name":"b","layer":1,"kind":"mlp-in","parameters":9}])";
  struct Case {
    Spoil spoil;
    std::string message;
  };
  const std::vector<Case> cases = {
      {[](RawFile& raw) { raw.metadata.erase("format"); }, "metadata \"format\": is missing"},
      {[](RawFile& raw) { raw.metadata["format"] = "pt"; }, "is \"pt\", expected"},
      {[](RawFile& raw) { raw.metadata["format"] = "sextant-geometry/2"; }, "geometry/2"},
      {[](RawFile& raw) { raw.metadata.erase("blocks"); }, "metadata \"blocks\": is missing"},
      {blocks("[{"), "metadata \"blocks\""},
      {blocks("{}"), "is a JSON object, expected a list"},
      {blocks("[]"), "metadata \"blocks\": is empty"},
      {blocks(R"([{"name":"a","layer":0,"kind":"value","parameters":8}])"),
       "has 2 matrices, expected 1"},
      {blocks("[3" + block_b), "blocks[0]"},
      {blocks(R"([{"layer":0,"kind":"value","parameters":8})" + block_b), "blocks[0].name"},
      {blocks(R"([{"name":"","layer":0,"kind":"value","parameters":8})" + block_b), "is empty"},
      {blocks(R"([{"name":"b","layer":0,"kind":"value","parameters":8})" + block_b),
       "blocks[1].name: \"b\" is also the name of blocks[0]"},
      {blocks(R"([{"name":"a","layer":-1,"kind":"value","parameters":8})" + block_b),
       "blocks[0].layer: is -1"},
      {blocks(R"([{"name":"a","layer":0,"head":-2,"kind":"value","parameters":8})" + block_b),
       "blocks[0].head: is -2"},
      {blocks(R"([{"name":"a","layer":0,"head":"x","kind":"value","parameters":8})" + block_b),
       "blocks[0].head"},
      {blocks(R"([{"name":"a","layer":0,"kind":"value","parameters":0})" + block_b),
       "blocks[0].parameters: is 0"},
      {blocks(R"([{"name":"a","layer":0,"kind":"","parameters":2})" + block_b), "kind: is empty"},
      {blocks(R"([{"name":"a","layer":0,"kind":"value","parameters":8,"p":1})" + block_b),
       "blocks[0].p"},
      {erase("residuals"), "tensor \"residuals\": is missing"},
      {erase("kernels"), "tensor \"kernels\": is missing"},
      {erase("query_kernels"), "tensor \"query_kernels\": is missing or has no queries"},
      {erase("query_variances"), "tensor \"query_variances\": is missing or has no queries"},
      {[](RawFile& raw) {
         raw.tensors["kernel"] = {"F64", {1}, {1}};
       },
       "tensor \"kernel\": is unexpected"},
      {[](RawFile& raw) { raw.tensors["residuals"].type = "I64"; }, "has dtype I64"},
      {reshape("residuals", {0}), "has shape [0], expected [n] with n >= 1"},
      {reshape("residuals", {2, 1}), "has shape [2, 1]"},
      {reshape("residuals", {3}), "tensor \"kernels\": has shape [2, 2, 2], expected"},
      {reshape("kernels", {3, 2, 2}), "has 3 matrices, expected 2"},
      {reshape("kernels", {4, 2}), "tensor \"kernels\": has"},
      {reshape("query_kernels", {1, 2, 3}), "tensor \"query_kernels\": has shape [1, 2, 3]"},
      {reshape("query_variances", {2, 2}), "tensor \"query_variances\": has shape [2, 2]"},
      {reshape("query_variances", {}), "tensor \"query_variances\": has shape []"},
      {reshape("prompt_base", {1}), "tensor \"prompt_base\": has shape [1], expected [n] = [2]"},
      {reshape("prompt_targets", {3}), "tensor \"prompt_targets\""},
      {reshape("query_base", {2}), "tensor \"query_base\": has shape [2], expected [m] = [1]"},
      {reshape("query_targets", {0}), "tensor \"query_targets\""},
      {set("residuals", 1, not_a_number), "residuals: entry [1] is nan"},
      {set("kernels", 6, not_a_number), "kernels, block 1 \"b\": entry [1, 0] is nan"},
      {set("kernels", 0, INFINITY), "kernels, block 0 \"a\": entry [0, 0] is inf"},
      {set("kernels", 1, 1.0001), "kernels, block 0 \"a\": entries [0, 1] = 1.0001 and [1, 0] = 1"},
      {set("kernels", 7, -0.25), "kernels, block 1 \"b\": diagonal entry [1, 1] is -0.25"},
      {[](RawFile& raw) { raw.tensors["kernels"].values = {1, 2, 2, 1, 1, 0, 0, 1}; },
       "kernels, block 0 \"a\": smallest eigenvalue is -1 with trace 2"},
      {[](RawFile& raw) { raw.tensors["kernels"].values = {0, 0, 0, 0, 0, 1, 1, 0}; },
       "kernels, block 1 \"b\": smallest eigenvalue is -1"},
      {[](RawFile& raw) { raw.tensors["kernels"].values = {1, 0, 0, 1e308, 1, 0, 0, 1.5e308}; },
       "too large"},
      {set("query_kernels", 2, not_a_number),
       "query_kernels, query 0, block 1 \"b\": entry [0] is nan"},
      {set("query_variances", 1, -1e-9), "query_variances, query 0, block 1 \"b\": is -1e-09"},
      {set("query_variances", 0, INFINITY), "block 0 \"a\": is inf"},
      {set("prompt_base", 0, not_a_number), "prompt_base: entry [0] is nan"},
      {set("prompt_targets", 0, not_a_number), "prompt_targets: entry [0] is nan"},
      {set("query_base", 0, not_a_number), "query_base: entry [0] is nan"},
      {set("query_targets", 0, not_a_number), "query_targets: entry [0] is nan"},
      {set("prompt_base", 1, 1.001), "residuals: entry [1] is -1, expected prompt_targets"},
      {[](RawFile& raw) { raw.metadata["features"] = "rounded"; },
       "metadata \"features\": is \"rounded\", expected \"exact\" or \"tokenwise\""},
      {set("prompt_base", 1, 1.001), "so near as after rounding to half precision"},
      {[](RawFile& raw) {
         for (double& value : raw.tensors["residuals"].values) value = -value;
       },
       "all have the other sign: store prompt_targets - prompt_base"},
      {[](RawFile& raw) {  // small beside their labels, and of no sign that turns
         raw.tensors["prompt_base"].values = {100, 100};
         raw.tensors["prompt_targets"].values = {100.03, 100.07};
         raw.tensors["residuals"].values = {0.06, 0};
       },
       "so near as after rounding to half precision"},
      {set("prompt_base", 1, 1.5), "they belong to other predictions or labels"},
  };
  RawFile().write(path);
  CHECK_NOTHROW(read_geometry(path));
  for (const Case& example : cases) {
    RawFile raw;
    example.spoil(raw);
    raw.write(path);
    CAPTURE(example.message);
    try {
      read_geometry(path);
      FAIL_CHECK("was accepted");
    } catch (const InputError& error) {
      CAPTURE(error.what());
      CHECK(std::string(error.what()).starts_with(path.string() + ": "));
      CHECK(std::string(error.what()).find(example.message) != std::string::npos);
    }
  }
  CHECK_THROWS_AS(read_geometry(directory.path / "missing"), InputError);
}

TEST_CASE("the first offending block is named whatever the number of threads") {
  Random random(3);
  PromptGeometry geometry = test::random_geometry(random, 6, 0, std::vector<Eigen::Index>(20, 7));
  for (const std::size_t b : {5, 6, 7, 19}) geometry.kernels[b](0, 0) = -1;
  for (const int count : {1, 2, 4}) {
    set_threads(count);
    CHECK_THROWS_WITH_AS(validate(geometry, "here"),
                         "here: kernels, block 5 \"h.2.attn.v.1\": diagonal entry [0, 0] is -1, "
                         "expected at least 0",
                         InputError);
  }
  set_threads(0);
}

TEST_CASE("an invalid geometry is not written") {
  const TemporaryDirectory directory;
  const fs::path path = directory.path / "g.safetensors";
  Random random(4);
  const PromptGeometry valid = test::random_geometry(random, 3, 2, {2, 2});
  const auto rejected = [&](const std::function<void(PromptGeometry&)>& spoil) {
    PromptGeometry geometry = valid;
    spoil(geometry);
    CHECK_THROWS_AS(write_geometry(path, geometry), InputError);
    CHECK_FALSE(fs::exists(path));
  };
  rejected([](PromptGeometry& g) { g.residuals.resize(0); });
  rejected([](PromptGeometry& g) { g.blocks.clear(); });
  rejected([](PromptGeometry& g) { g.kernels.pop_back(); });
  rejected([](PromptGeometry& g) { g.kernels[1].resize(3, 2); });
  rejected([](PromptGeometry& g) { g.query_kernels[1].resize(3, 1); });
  rejected([](PromptGeometry& g) { g.query_variances.resize(1, 2); });
  rejected([](PromptGeometry& g) { g.query_variances.resize(2, 1); });
  rejected([](PromptGeometry& g) { g.query_base.resize(1); });
  rejected([](PromptGeometry& g) { g.query_targets.resize(1); });
  rejected([](PromptGeometry& g) { g.query_targets[0] = not_a_number; });
  rejected([](PromptGeometry& g) { g.blocks[1].layer = -1; });
  rejected([](PromptGeometry& g) { g.blocks[1].head = -1; });
  rejected([](PromptGeometry& g) { g.blocks[1].parameters = 0; });
  CHECK_THROWS_AS(write_geometry(directory.path / "missing" / "g", valid), InputError);
}

TEST_CASE("a file says whether its features are tokenwise") {
  const TemporaryDirectory directory;
  const fs::path path = directory.path / "g.safetensors";
  Random random(3);
  PromptGeometry geometry = test::random_geometry(random, 4, 1, {3, 5});
  write_geometry(path, geometry);
  CHECK_FALSE(read_geometry(path).tokenwise);
  geometry.tokenwise = true;
  write_geometry(path, geometry);
  CHECK(read_geometry(path).tokenwise);
  const std::vector<Eigen::Index> first = {0};
  CHECK(restricted_to_blocks(geometry, first).tokenwise);
  CHECK(restricted_to_queries(geometry, first).tokenwise);
}
