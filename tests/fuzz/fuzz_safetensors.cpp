// Any bytes as a safetensors image: rejected with an InputError, or a header that keeps its
// promises.

#include <cstdint>
#include <span>

#include "fuzz/expect.hpp"
#include "sextant/core/errors.hpp"
#include "sextant/io/safetensors.hpp"

using namespace sextant;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const io::SafetensorsHeader header =
        io::parse_safetensors(std::as_bytes(std::span(data, size)), "input");
    std::size_t expected = 0;
    for (const io::TensorInfo& tensor : header.tensors) {
      fuzz::expect(tensor.begin == expected && tensor.begin <= tensor.end, "no holes or overlaps");
      fuzz::expect(
          tensor.type == io::ElementType::opaque ||
              tensor.elements() * io::element_size(tensor.type) == tensor.end - tensor.begin,
          "whole elements");
      expected = tensor.end;
    }
    fuzz::expect(header.data_offset + expected == size, "the data section covered exactly");
  } catch (const InputError&) {
  }
  return 0;
}
