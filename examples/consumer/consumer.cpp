#include <cstdio>
#include <vector>

#include "sextant/core/errors.hpp"
#include "sextant/core/random.hpp"
#include "sextant/io/safetensors.hpp"

/// Writes a tensor file, reads it back and shows how the library reports a missing tensor.
int main() {
  sextant::Random random(1);
  std::vector<double> residuals(10);
  for (double& value : residuals) value = random.normal();

  sextant::io::SafetensorsWriter writer;
  writer.add("residuals", {residuals.size()}, residuals);
  writer.write("consumer.safetensors");

  const sextant::io::SafetensorsFile file("consumer.safetensors");
  if (file.doubles(file.at("residuals")) != residuals) return 1;
  try {
    file.at("kernels");
    return 1;
  } catch (const sextant::InputError& error) {
    std::printf("as expected: %s\n", error.what());
  }
  return 0;
}
