// Any bytes as an .npy file end in an array or in a typed exception.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/io/npy.hpp>

template <class T>
static void read(std::string_view bytes) {
  try {
    (void)mmrec::io::parse_npy<T>(bytes, "fuzz");
  } catch (const mmrec::error&) {
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read<float>(bytes);
  read<double>(bytes);
  read<std::int32_t>(bytes);
  return 0;
}
