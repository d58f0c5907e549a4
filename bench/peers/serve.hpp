// bench/peers/serve.hpp - our side of a comparison: set up once, then run when peer.py says so.
#pragma once
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>

namespace peers {

/// Seconds of a clock: CPU time of the whole process, which other programs on the machine do not disturb, or wall time
/// where several threads work.
inline double now(bool wall) {
  timespec moment{};
  clock_gettime(wall ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &moment);
  return static_cast<double>(moment.tv_sec) + 1e-9 * static_cast<double>(moment.tv_nsec);
}

/// Says "ready", then answers each line "run N cpu" (or "run N wall") of standard input with the seconds that one of N calls
/// of work() took on that clock, and with what the last call returned: a check value, any number computed from the result,
/// so that nothing is optimised away and the other side can compare. Returns at the end of input.
///
///   int main(int argc, char** argv) {
///     const auto data = load(argv[1]);                       // not timed
///     return peers::serve([&] { return checksum(fit(data)); });
///   }
template <class Work>
int serve(Work&& work) {
  std::cout << "ready" << std::endl;
  std::string command;
  while (std::cin >> command) {
    unsigned long runs = 1;
    std::string clock;
    if (command != "run" || !(std::cin >> runs >> clock) || runs == 0) return 1;
    double check = 0.0;
    const double begin = now(clock == "wall");
    for (unsigned long i = 0; i < runs; ++i) check = static_cast<double>(work());
    const double seconds = (now(clock == "wall") - begin) / static_cast<double>(runs);
    std::printf("%.9g %.17g\n", seconds, check);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace peers
