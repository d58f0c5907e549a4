// mmrec/core/progress.hpp - how long work reports to its caller and is stopped by it.
#pragma once
#include <cstddef>
#include <string_view>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {

/// One report: `done` of `total` units of the named task; `total` is 0 where it is not known.
struct progress_event {
  std::string_view task;
  std::size_t done = 0;
  std::size_t total = 0;
};

/// Receives reports on the thread that called the library. The library itself prints nothing.
/// Return false to cancel: the running call then throws `cancelled` after at most one more unit of work.
class progress_sink {
 public:
  virtual ~progress_sink() = default;
  virtual bool report(const progress_event& event) = 0;
};

/// Reports to a sink that may be absent; throws `cancelled` when the sink says stop.
inline void report_progress(progress_sink* sink, std::string_view function, std::size_t done, std::size_t total) {
  if (sink != nullptr && !sink->report({function, done, total})) throw cancelled(function);
}

}  // namespace mmrec::inline v0
