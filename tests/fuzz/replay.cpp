// Runs one fuzzing target over the files of its corpus, without libFuzzer.
//
// Usage: replay_<name> DIRECTORY

#include <cstdint>
#include <cstdio>
#include <filesystem>

#include "sextant/io/files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: replay_<name> DIRECTORY\n", stderr);
    return 2;
  }
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::printf("%s\n", entry.path().c_str());
    std::fflush(stdout);
    const std::string bytes = sextant::io::read_file(entry.path());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++count;
  }
  return count > 0 ? 0 : 1;  // an empty corpus would test nothing
}
