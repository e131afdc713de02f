#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>

#include "sextant/core/errors.hpp"
#include "sextant/io/content.hpp"
#include "sextant/io/files.hpp"
#include "sextant/io/json.hpp"
#include "sextant/io/safetensors.hpp"

using namespace sextant;
using namespace sextant::io;
namespace fs = std::filesystem;

namespace {

struct TemporaryDirectory {
  fs::path path = fs::temp_directory_path() / ("sextant-io-" + std::to_string(::getpid()));
  TemporaryDirectory() { fs::create_directory(path); }
  ~TemporaryDirectory() { fs::remove_all(path); }
};

/// An image with the given JSON header and `data_size` zero bytes of data.
std::vector<std::byte> image(const std::string& header, std::size_t data_size) {
  std::vector<std::byte> result(8 + header.size() + data_size);
  const std::uint64_t length = header.size();
  std::memcpy(result.data(), &length, 8);
  std::memcpy(result.data() + 8, header.data(), header.size());
  return result;
}

}  // namespace

TEST_CASE("an atomic file appears at commit and leaves nothing without it") {
  const TemporaryDirectory directory;
  const fs::path path = directory.path / "out.txt";
  {
    AtomicFile file(path);
    file.stream() << "half";
    CHECK_FALSE(fs::exists(path));
  }
  CHECK(fs::is_empty(directory.path));
  write_file(path, "whole");
  CHECK(read_file(path) == "whole");
  CHECK_THROWS_AS(AtomicFile(directory.path / "missing" / "out.txt"), InputError);
  CHECK_THROWS_AS(AtomicFile{directory.path}, InputError);
  CHECK_NOTHROW(write_file("/dev/null", "gone"));
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("an atomic directory never overwrites") {
  const TemporaryDirectory directory;
  const fs::path path = directory.path / "model";
  {
    AtomicDirectory staged(path);
    write_file(staged.staging() / "a", "x");
    CHECK_FALSE(fs::exists(path));
    staged.commit();
  }
  CHECK(read_file(path / "a") == "x");
  CHECK_THROWS_AS(AtomicDirectory{path}, InputError);
  { const AtomicDirectory dropped(directory.path / "other"); }
  CHECK(std::distance(fs::directory_iterator(directory.path), fs::directory_iterator()) == 1);
}

TEST_CASE("JSON errors name file and place") {
  CHECK_THROWS_WITH_AS(parse_json("{\n  \"a\": 1,\n  oops\n}", "p.json"),
                       doctest::Contains("p.json: line 3, column"), InputError);
  CHECK_THROWS_WITH_AS(parse_json(R"({"a":1,"a":2})", "p.json"), doctest::Contains("\"a\""),
                       InputError);
  CHECK_NOTHROW(parse_json(R"({"a":{"b":1},"c":{"b":2}})", "p.json"));
  CHECK_THROWS_AS(parse_json("", "p.json"), InputError);
  CHECK_THROWS_AS(parse_json("1e999", "p.json"), InputError);
  CHECK_THROWS_AS(parse_json("\"\xff\"", "p.json"), InputError);
  CHECK_THROWS_AS(parse_json(std::string(100'000, '['), "p.json"), InputError);
  const Json json = parse_json(R"({"a":[{"x":"s"},{"x":3}],"n":7,"t":true})", "p.json");
  const JsonObject top(json, "p.json");
  CHECK(top.objects("a")[0].string("x") == "s");
  CHECK_THROWS_WITH_AS(top.objects("a")[1].string("x"),
                       "p.json: a[1].x: is a JSON number, expected a string", InputError);
  CHECK_THROWS_WITH_AS(top.allow_only({"a", "n"}),
                       "p.json: t: is an unknown key, expected one of a, n", InputError);
  CHECK(top.integer("n", 0, 10) == 7);
  CHECK_THROWS_AS(top.integer("n", 0, 6), InputError);
  CHECK_THROWS_AS(top.number("t"), InputError);
  CHECK_THROWS_WITH_AS(top.number("zz"), "p.json: zz: is missing", InputError);
  CHECK_THROWS_AS(JsonObject(json.at("a"), "p.json", "a"), InputError);
}

TEST_CASE("safetensors round trip with conversion") {
  const TemporaryDirectory directory;
  const fs::path path = directory.path / "t.safetensors";
  const std::vector<double> a{1, 2, 3, 4, 5, 6};
  const std::vector<float> b{0.5F};
  const std::vector<std::uint16_t> half{0x3C00, 0xC000, 0x0001};
  SafetensorsWriter writer;
  writer.set_metadata("format", "test");
  writer.add("a", {2, 3}, a);
  writer.add("b", {}, b);
  writer.add("h", "F16", {3}, std::as_bytes(std::span(half)));
  writer.add("pieces", {2, 3}, {std::span(a).first(2), std::span(a).subspan(2)});
  CHECK_THROWS_AS(writer.add("short", {2, 3}, {std::span(a).first(2)}), ArgumentError);
  CHECK_THROWS_AS(writer.add("a", {1}, b), ArgumentError);
  CHECK_THROWS_AS(writer.add("c", {2}, b), ArgumentError);
  writer.write(path);

  const SafetensorsFile file(path);
  CHECK(file.metadata().at("format") == "test");
  CHECK(file.doubles(file.at("a")) == a);
  CHECK(file.doubles(file.at("pieces")) == a);
  CHECK(file.floats(file.at("b")) == b);
  CHECK(file.doubles(file.at("h")) == std::vector<double>{1, -2, std::ldexp(1.0, -24)});
  CHECK(file.find("zz") == nullptr);
  CHECK_THROWS_WITH_AS(file.at("zz"), doctest::Contains("\"zz\""), InputError);
}

TEST_CASE("half precision covers every class of number") {
  CHECK(half_to_float(0x0000) == 0.0F);
  CHECK(std::signbit(half_to_float(0x8000)));
  CHECK(half_to_float(0x7BFF) == 65504.0F);
  CHECK(half_to_float(0x0400) == std::ldexp(1.0F, -14));
  CHECK(half_to_float(0x03FF) == 1023 * std::ldexp(1.0F, -24));
  CHECK(std::isinf(half_to_float(0xFC00)));
  CHECK(std::isnan(half_to_float(0x7E00)));
  CHECK(bfloat16_to_float(0x3F80) == 1.0F);
}

TEST_CASE("lying safetensors headers are rejected by name") {
  const auto parse = [](const std::string& header, std::size_t size) {
    return parse_safetensors(image(header, size), "m.safetensors");
  };
  const std::string good = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  CHECK(parse(good, 8).tensors.size() == 1);
  CHECK_THROWS_AS(parse(good, 7), InputError);  // truncated
  CHECK_THROWS_AS(parse(good, 9), InputError);  // trailing bytes
  CHECK_THROWS_WITH_AS(parse(R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8),
                       doctest::Contains("\"w\""), InputError);
  CHECK_THROWS_AS(parse(R"({"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8),
                  InputError);
  CHECK_THROWS_AS(parse(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8),
                  InputError);
  CHECK_THROWS_AS(parse(R"({"w":{"dtype":"F32","shape":[2]}})", 8), InputError);
  CHECK_THROWS_AS(  // 2^62 * 4 wraps to 0
      parse(R"({"w":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}})", 0),
      InputError);
  CHECK_THROWS_WITH_AS(parse(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                                 "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                             12),
                       doctest::Contains("overlap"), InputError);
  CHECK_THROWS_AS(parse(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8),
                  InputError);
  CHECK_THROWS_AS(parse("[]", 0), InputError);
  CHECK_THROWS_AS(parse_safetensors({}, "m"), InputError);
  auto oversized = image("{}", 0);
  oversized[7] = std::byte{0xFF};
  CHECK_THROWS_WITH_AS(parse_safetensors(oversized, "m"), doctest::Contains("claims"), InputError);
  const std::string text = "sentence\tlabel\na\t1\n";
  CHECK_THROWS_WITH_AS(parse_safetensors(std::as_bytes(std::span(text)), "s.tsv"),
                       "s.tsv: is text that begins with \"sentence\tlabel\", expected a "
                       "safetensors file",
                       InputError);
  // The first part of a file is still one.
  auto cut = image(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8);
  cut.resize(20);
  CHECK(other_content(cut, "JSON").starts_with("is a safetensors file"));
  CHECK(other_content(cut, "a safetensors file").empty());
  CHECK_THROWS_WITH_AS(parse_safetensors(cut, "m"), doctest::Contains("cut off"), InputError);
}

TEST_CASE("the first bytes that are not UTF-8 are named") {
  CHECK(utf8_problem("").empty());
  CHECK(utf8_problem("\xC3\xA4\xF0\x9F\x98\x80").empty());
  CHECK(utf8_problem("ab\xC3") == "is not valid UTF-8 at byte 2 (0xC3)");
  CHECK(utf8_problem("\xC3\xA4\xFF") == "is not valid UTF-8 at byte 2 (0xFF)");
}

TEST_CASE("text in UTF-16 is named, with and without a byte-order mark") {
  const std::string ascii = R"({"labels": []})";
  for (const bool big : {false, true}) {
    for (const bool mark : {false, true}) {
      std::string text = !mark ? "" : big ? "\xfe\xff" : "\xff\xfe";
      for (const char c : ascii) {
        text += big ? std::string{'\0', c} : std::string{c, '\0'};
      }
      CHECK(other_content(std::as_bytes(std::span(text)), "JSON") ==
            "is text in UTF-16, expected JSON: save it as UTF-8");
      CHECK_THROWS_WITH_AS(parse_json(text, "p.json"), doctest::Contains("UTF-16"), InputError);
    }
  }
  CHECK(other_content(std::as_bytes(std::span(ascii)), "JSON").empty());
}

TEST_CASE("metadata may be null, and types that are not known are carried along") {
  const auto header = parse_safetensors(
      image(R"({"__metadata__":null,"w":{"dtype":"F4","shape":[3,5],"data_offsets":[0,8]},
                "v":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
            12),
      "m");
  CHECK(header.metadata.empty());
  REQUIRE(header.tensors.size() == 2);
  CHECK(header.tensors[0].type == ElementType::opaque);
  CHECK(header.tensors[0].elements() == 15);
  CHECK(header.tensors[1].elements() == 1);
  const auto parse = [](const std::string& text) { return parse_safetensors(image(text, 8), "m"); };
  CHECK_THROWS_AS(parse(R"({"__metadata__":{"a":null},
                            "w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})"),
                  InputError);
  CHECK_THROWS_AS(parse(R"({"__metadata__":3,
                            "w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})"),
                  InputError);
  CHECK_THROWS_AS(
      parse(R"({"w":{"dtype":"F4","shape":[4294967296,4294967296],"data_offsets":[0,8]}})"),
      InputError);
  CHECK_THROWS_AS(parse(R"({"w":{"dtype":"F4","shape":[3],"data_offsets":[0,9]}})"), InputError);
  const TemporaryDirectory directory;
  const std::vector<std::byte> bytes(5);
  SafetensorsWriter writer;
  writer.add("w", "F4", {3, 3}, bytes);
  writer.write(directory.path / "t.safetensors");
  const SafetensorsFile file(directory.path / "t.safetensors");
  CHECK(file.bytes(file.at("w")).size() == 5);
  CHECK_THROWS_WITH_AS(file.floats(file.at("w")), doctest::Contains("has dtype F4, expected F64"),
                       InputError);
}

TEST_CASE("files that hold something else are named") {
  const auto other = [](const std::string& content, const std::string& expected) {
    return other_content(std::as_bytes(std::span(content)), expected);
  };
  const std::string safetensors = "a safetensors file";
  using namespace std::string_literals;
  for (const auto& [content, kind] : std::vector<std::pair<std::string, std::string>>{
           {"version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"},
           {"\xef\xbb\xbf \n<!doctype HTML><html>", "a web page"},
           {"<HTML lang=\"en\">", "a web page"},
           {"PK\x03\x04rest", "a zip archive"},
           {"\x80\x02\x8a\nl\xfc\x9c", "a Python pickle"},
           {"\x89HDF\r\n\x1a\n", "an HDF5 file"},
           {"GGUF\x03", "a GGUF file"},
           {"\x93NUMPY\x01", "a NumPy array"},
           {"\x1f\x8b\x08\x00"s, "compressed by gzip"},
           {" {\"a\": 1}", "JSON"}}) {
    const std::string& name = kind;  // Clang 14 captures no binding
    CAPTURE(name);
    CHECK(other(content, safetensors).starts_with("is " + name));
    CHECK(other(content, safetensors).find("expected a safetensors file") != std::string::npos);
    CHECK_THROWS_WITH_AS(parse_safetensors(std::as_bytes(std::span(content)), "m.safetensors"),
                         doctest::Contains(("m.safetensors: is " + name).c_str()), InputError);
    if (name == "JSON") continue;
    CHECK_THROWS_WITH_AS(parse_json(content, "c.json"),
                         doctest::Contains(("c.json: is " + name).c_str()), InputError);
  }
  const auto bytes = image(R"({"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", 8);
  const std::string real(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  CHECK(other(real, safetensors).empty());
  CHECK(other(real, "JSON") == "is a safetensors file, expected JSON");
  // Headers of 640 and 35615 bytes begin as a pickle and as gzip do.
  for (const std::size_t length : {640, 35615}) {
    std::string header = R"({"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})";
    header.resize(length, ' ');
    CHECK(parse_safetensors(image(header, 8), "m").tensors.size() == 1);
    const auto cut = image(header, 0);
    CHECK_THROWS_WITH_AS(parse_safetensors(std::span(cut).first(600), "m"),
                         doctest::Contains("cut off"), InputError);
  }
  CHECK(other("", safetensors) ==
        "is empty, expected a safetensors file: a download or a writing that was stopped leaves "
        "such a file");
  CHECK_THROWS_WITH_AS(parse_safetensors({}, "g"), doctest::Contains("g: is empty"), InputError);
  CHECK_THROWS_WITH_AS(parse_json("", "p.json"), doctest::Contains("p.json: is empty"), InputError);
  CHECK(other("a,b\n1,2\n", "JSON") == "is text that begins with \"a,b\", expected JSON");
  CHECK(other("\x01\x02", "JSON").empty());
  CHECK(other("caf\xe9", "JSON").empty());
  const std::string first_member(26, '.');
  CHECK(other("PK\x03\x04" + first_member + "[Content_Types].xml", "JSON")
            .starts_with("is a zip archive, as spreadsheets (.xlsx, .ods) are"));
  CHECK(other("PK\x03\x04" + first_member + "archive/data.pkl", "JSON")
            .starts_with("is a zip archive, as PyTorch writes checkpoints"));
  CHECK(content_of({}) == Content::empty);
  CHECK(content_of(std::as_bytes(std::span(real))) == Content::safetensors);
  CHECK(other("{\"a\": ", "JSON").empty());
  CHECK_FALSE(is_placeholder(std::as_bytes(std::span(real))));
}
