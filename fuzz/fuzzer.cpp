// The entry point of each fuzzer; MMREC_FUZZ_TARGET names the target.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::MMREC_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
