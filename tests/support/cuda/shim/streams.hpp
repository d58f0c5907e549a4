// tests/support/cuda/shim/streams.hpp - streams, events and graphs: work is done at once, put off until something waits for
// it, or recorded while a stream captures.
#pragma once
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "../shim.hpp"

namespace cuda_shim::detail {

using work_item = std::function<void()>;

struct capture {
  std::vector<work_item> nodes;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id thread;
  cudaStream_t origin = nullptr;
  bool blocking = false, invalid = false;
};

}  // namespace cuda_shim::detail

struct CUstream_st {
  unsigned flags = 0;
  int device = 0;
  std::shared_ptr<cuda_shim::detail::capture> capture;
};

struct CUevent_st {
  unsigned flags = 0;
  bool recorded = false;
  std::size_t pending = 0;
  std::shared_ptr<cuda_shim::detail::capture> capture;
  std::chrono::steady_clock::time_point time;
};

struct CUgraph_st {
  std::vector<cuda_shim::detail::work_item> nodes;
};

struct CUgraphExec_st {
  std::vector<cuda_shim::detail::work_item> nodes;
};

namespace cuda_shim::detail {

/// All streams of the program. Work that is put off is done in the order in which it was handed over, which is an order that
/// every device might take.
class stream_register {
 public:
  static stream_register& own() {
    static stream_register& only = *new stream_register;
    return only;
  }

  std::set<cudaStream_t> streams;
  std::set<cudaEvent_t> events;
  std::set<cudaGraph_t> graphs;
  std::set<cudaGraphExec_t> executables;

  bool valid(cudaStream_t stream) const { return stream == nullptr || streams.count(stream) > 0; }

  /// Does the work, or sees to it that it will be done.
  cudaError_t submit(cudaStream_t stream, work_item work) {
    {
      const std::lock_guard hold(shared_settings().lock);
      if (!valid(stream)) return cudaErrorInvalidResourceHandle;
      if (stream == nullptr) {
        for (const std::shared_ptr<capture>& active : active_captures()) {
          if (!active->blocking) continue;
          active->invalid = true;
          return cudaErrorStreamCaptureImplicit;
        }
      } else if (stream->capture) {
        if (stream->capture->invalid) return cudaErrorStreamCaptureInvalidated;
        stream->capture->nodes.push_back(std::move(work));
        return cudaSuccess;
      }
      if (options().deferred) {
        pending_.push_back({stream, std::move(work)});
        return cudaSuccess;
      }
    }
    run_pending();
    work();
    return cudaSuccess;
  }

  /// Does all that was put off.
  void run_pending() {
    while (true) {
      work_item next;
      {
        const std::lock_guard hold(shared_settings().lock);
        if (pending_.empty()) return;
        next = std::move(pending_.front().work);
        pending_.pop_front();
      }
      next();
    }
  }

  bool is_pending(cudaStream_t stream) const {
    const std::lock_guard hold(shared_settings().lock);
    for (const pending_work& item : pending_) {
      if (item.stream == stream) return true;
    }
    return false;
  }

  /// What a call that no capture allows has to answer: allocations, waiting. Such a call ends the captures that it disturbs.
  cudaError_t disturb_captures() {
    const std::lock_guard hold(shared_settings().lock);
    cudaError_t answer = cudaSuccess;
    for (const std::shared_ptr<capture>& active : active_captures()) {
      if (active->mode == cudaStreamCaptureModeRelaxed) continue;
      if (active->mode == cudaStreamCaptureModeThreadLocal && active->thread != std::this_thread::get_id()) continue;
      active->invalid = true;
      answer = cudaErrorStreamCaptureUnsupported;
    }
    return answer;
  }

  /// What a call that waits for this stream has to answer while it captures.
  cudaError_t disturb_capture_of(cudaStream_t stream) {
    const std::lock_guard hold(shared_settings().lock);
    if (!valid(stream)) return cudaErrorInvalidResourceHandle;
    if (stream == nullptr) return disturb_captures();
    if (!stream->capture) return cudaSuccess;
    stream->capture->invalid = true;
    return cudaErrorStreamCaptureUnsupported;
  }

 private:
  struct pending_work {
    cudaStream_t stream = nullptr;
    work_item work;
  };

  std::set<std::shared_ptr<capture>> active_captures() const {
    std::set<std::shared_ptr<capture>> active;
    for (cudaStream_t stream : streams) {
      if (stream->capture) active.insert(stream->capture);
    }
    return active;
  }

  std::deque<pending_work> pending_;
};

}  // namespace cuda_shim::detail
