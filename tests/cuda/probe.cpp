// Says which CUDA device there is; without one, why, with status 77.
#include <mmrec/exec/cuda/device.hpp>

#include <cstdio>

int main() {
  if (const std::string why = mmrec::cuda::why_unavailable(); !why.empty()) {
    std::printf("skipped: %s\n", why.c_str());
    return 77;
  }
  for (const auto& device : mmrec::cuda::devices()) {
    std::printf("device %d: %s, compute capability %d.%d, %llu MiB\n", device.index, device.name.c_str(), device.major,
                device.minor, static_cast<unsigned long long>(device.memory >> 20));
  }
  return 0;
}
