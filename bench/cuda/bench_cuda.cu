// Times kernels and networks on a device, beside what the device reaches and beside cuDNN where it was found.
//
//   bench_cuda [--json FILE] [--filter REGEX] [--samples N] [--quick] [--smoke] [--device N]
//
//   --filter    cases whose "name shape precision" matches
//   --samples   medians are over so many; 41
//   --quick     11 samples, and peers take the algorithm that they believe to be fastest
//   --smoke     tiny sizes, to see that every case runs
//
// Times are those of the device: graphs of calls are replayed, over inputs and results that together are twice as large as
// the cache. `share` is the time that the slower of the two ceilings - the copy, the matrix product of the same precision -
// would take, over the time taken. The ratio is the peer's time over ours. The status is 77 without a device, 1 where a
// result is wrong.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include <mmrec/exec/cuda/device.hpp>

#include "harness.hpp"

int main(int argc, char** argv) {
  bench::settings how;
  std::string json;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const bool takes_value = option == "--json" || option == "--filter" || option == "--samples" || option == "--device";
    if (takes_value && i + 1 == argc) {
      std::fprintf(stderr, "bench_cuda: %s needs a value\n", option.c_str());
      return 2;
    }
    if (option == "--quick") {
      how.samples = 11;
      how.search = false;
    } else if (option == "--smoke") {
      how.smoke = true;
      how.samples = 3;
      how.search = false;
    } else if (option == "--json") {
      json = argv[++i];
    } else if (option == "--filter") {
      how.filter = argv[++i];
    } else if (option == "--samples") {
      how.samples = std::atoi(argv[++i]);
    } else if (option == "--device") {
      how.device = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr,
                   "bench_cuda: unknown option %s; there are --json, --filter, --samples, --quick, --smoke, --device\n",
                   option.c_str());
      return 2;
    }
  }
  if (how.samples < 1) {
    std::fprintf(stderr, "bench_cuda: --samples must be at least 1\n");
    return 2;
  }
  if (const std::string why = mmrec::cuda::why_unavailable(); !why.empty()) {
    std::printf("skipped: %s\n", why.c_str());
    return 77;
  }
  try {
    bench::runner run(how);
    bench::time_memory_bound(run);
    bench::time_networks(run);
    bench::time_convolutions(run);
    const bool sound = run.finish();
    if (!json.empty()) run.write_json(json);
    return sound ? 0 : 1;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_cuda: %s\n", failure.what());
    return 1;
  }
}
