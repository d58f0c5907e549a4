// tests/support/cuda/shim/stream_functions.hpp - the functions of CUDA's runtime for streams, events and graphs.
#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "call.hpp"

namespace cuda_shim::detail {

template <class Type>
cudaError_t destroy(std::set<Type*>& living, Type* handle, std::size_t counter_set::*counter) {
  const std::lock_guard hold(shared_settings().lock);
  if (living.erase(handle) == 0) return cudaErrorInvalidResourceHandle;
  delete handle;
  --(shared_settings().counters.*counter);
  return cudaSuccess;
}

template <class Type>
cudaError_t adopt(std::set<Type*>& living, Type** handle, std::size_t counter_set::*counter, std::unique_ptr<Type> made) {
  const std::lock_guard hold(shared_settings().lock);
  living.insert(made.get());
  *handle = made.release();
  ++(shared_settings().counters.*counter);
  return cudaSuccess;
}

inline stream_register& streams() { return stream_register::own(); }

}  // namespace cuda_shim::detail

// Streams

inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return cuda_shim::detail::device_call("cudaStreamCreateWithFlags", [&] {
    if (stream == nullptr || flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
    auto made = std::make_unique<CUstream_st>();
    made->flags = flags;
    made->device = cuda_shim::detail::current_device();
    return cuda_shim::detail::adopt(cuda_shim::detail::streams().streams, stream, &cuda_shim::counter_set::live_streams,
                                    std::move(made));
  });
}

inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return cuda_shim::detail::device_call("cudaStreamDestroy", [&] {
    cuda_shim::detail::streams().run_pending();
    return cuda_shim::detail::destroy(cuda_shim::detail::streams().streams, stream, &cuda_shim::counter_set::live_streams);
  });
}

inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return cuda_shim::detail::device_call("cudaStreamSynchronize", [&] {
    cuda_shim::detail::count_synchronisation();
    const cudaError_t answer = cuda_shim::detail::streams().disturb_capture_of(stream);
    if (answer == cudaSuccess) cuda_shim::detail::streams().run_pending();
    return answer;
  });
}

inline cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return cuda_shim::detail::device_call("cudaStreamQuery", [&] {
    const cudaError_t answer = cuda_shim::detail::streams().disturb_capture_of(stream);
    if (answer != cudaSuccess || !cuda_shim::detail::streams().is_pending(stream)) return answer;
    cuda_shim::detail::streams().run_pending();  // so that a loop that asks again comes to its end
    return cudaErrorNotReady;
  });
}

inline cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned = 0) {
  return cuda_shim::detail::device_call("cudaStreamWaitEvent", [&] {
    const std::lock_guard hold(cuda_shim::detail::shared_settings().lock);
    cuda_shim::detail::stream_register& known = cuda_shim::detail::streams();
    if (!known.valid(stream) || known.events.count(event) == 0) return cudaErrorInvalidResourceHandle;
    // A stream that waits for captured work takes part in the capture from there on.
    if (event->capture && stream != nullptr && !stream->capture) stream->capture = event->capture;
    return cudaSuccess;
  });
}

// Events

inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return cuda_shim::detail::device_call("cudaEventCreateWithFlags", [&] {
    if (event == nullptr) return cudaErrorInvalidValue;
    auto made = std::make_unique<CUevent_st>();
    made->flags = flags;
    return cuda_shim::detail::adopt(cuda_shim::detail::streams().events, event, &cuda_shim::counter_set::live_events,
                                    std::move(made));
  });
}

inline cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

inline cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return cuda_shim::detail::device_call("cudaEventDestroy", [&] {
    cuda_shim::detail::streams().run_pending();
    return cuda_shim::detail::destroy(cuda_shim::detail::streams().events, event, &cuda_shim::counter_set::live_events);
  });
}

inline cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr) {
  return cuda_shim::detail::device_call("cudaEventRecord", [&] {
    cuda_shim::detail::stream_register& known = cuda_shim::detail::streams();
    if (!known.valid(stream) || known.events.count(event) == 0) return cudaErrorInvalidResourceHandle;
    event->capture = stream == nullptr ? nullptr : stream->capture;
    if (event->capture) return event->capture->invalid ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
    event->recorded = true;
    ++event->pending;
    return known.submit(stream, [event] {
      event->time = std::chrono::steady_clock::now();
      --event->pending;
    });
  });
}

inline cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return cuda_shim::detail::device_call("cudaEventSynchronize", [&] {
    cuda_shim::detail::count_synchronisation();
    if (cuda_shim::detail::streams().events.count(event) == 0) return cudaErrorInvalidResourceHandle;
    if (event->capture) return cudaErrorCapturedEvent;
    if (event->pending > 0) cuda_shim::detail::streams().run_pending();
    return cudaSuccess;
  });
}

inline cudaError_t cudaEventQuery(cudaEvent_t event) {
  return cuda_shim::detail::device_call("cudaEventQuery", [&] {
    if (cuda_shim::detail::streams().events.count(event) == 0) return cudaErrorInvalidResourceHandle;
    if (event->capture) return cudaErrorCapturedEvent;
    if (event->pending == 0) return cudaSuccess;
    cuda_shim::detail::streams().run_pending();
    return cudaErrorNotReady;
  });
}

inline cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) {
  return cuda_shim::detail::device_call("cudaEventElapsedTime", [&] {
    cuda_shim::detail::stream_register& known = cuda_shim::detail::streams();
    for (cudaEvent_t event : {start, stop}) {
      if (known.events.count(event) == 0 || !event->recorded) return cudaErrorInvalidResourceHandle;
      if ((event->flags & cudaEventDisableTiming) != 0) return cudaErrorInvalidResourceHandle;
      if (event->pending > 0) return cudaErrorNotReady;
    }
    *milliseconds = std::chrono::duration<float, std::milli>(stop->time - start->time).count();
    return cudaSuccess;
  });
}

// Capture and graphs

inline cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return cuda_shim::detail::device_call("cudaStreamBeginCapture", [&] {
    const std::lock_guard hold(cuda_shim::detail::shared_settings().lock);
    if (stream == nullptr) return cudaErrorStreamCaptureUnsupported;
    if (!cuda_shim::detail::streams().valid(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture) return cudaErrorIllegalState;
    stream->capture = std::make_shared<cuda_shim::detail::capture>();
    stream->capture->mode = mode;
    stream->capture->thread = std::this_thread::get_id();
    stream->capture->origin = stream;
    stream->capture->blocking = (stream->flags & cudaStreamNonBlocking) == 0;
    return cudaSuccess;
  });
}

inline cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return cuda_shim::detail::device_call("cudaStreamEndCapture", [&] {
    const std::lock_guard hold(cuda_shim::detail::shared_settings().lock);
    cuda_shim::detail::stream_register& known = cuda_shim::detail::streams();
    if (graph != nullptr) *graph = nullptr;
    if (stream == nullptr || graph == nullptr || !known.valid(stream)) return cudaErrorInvalidValue;
    const std::shared_ptr<cuda_shim::detail::capture> ended = stream->capture;
    if (!ended || ended->origin != stream) return cudaErrorIllegalState;
    if (ended->mode != cudaStreamCaptureModeRelaxed && ended->thread != std::this_thread::get_id()) {
      return cudaErrorStreamCaptureWrongThread;
    }
    for (cudaStream_t joined : known.streams) {
      if (joined->capture == ended) joined->capture = nullptr;
    }
    if (ended->invalid) return cudaErrorStreamCaptureInvalidated;
    auto made = std::make_unique<CUgraph_st>();
    made->nodes = std::move(ended->nodes);
    return cuda_shim::detail::adopt(known.graphs, graph, &cuda_shim::counter_set::live_graphs, std::move(made));
  });
}

inline cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return cuda_shim::detail::device_call("cudaStreamIsCapturing", [&] {
    if (!cuda_shim::detail::streams().valid(stream)) return cudaErrorInvalidResourceHandle;
    *status = cudaStreamCaptureStatusNone;
    if (stream != nullptr && stream->capture) {
      *status = stream->capture->invalid ? cudaStreamCaptureStatusInvalidated : cudaStreamCaptureStatusActive;
    }
    return cudaSuccess;
  });
}

inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long = 0) {
  return cuda_shim::detail::device_call("cudaGraphInstantiate", [&] {
    if (executable == nullptr || cuda_shim::detail::streams().graphs.count(graph) == 0) return cudaErrorInvalidValue;
    auto made = std::make_unique<CUgraphExec_st>();
    made->nodes = graph->nodes;
    return cuda_shim::detail::adopt(cuda_shim::detail::streams().executables, executable,
                                    &cuda_shim::counter_set::live_graphs, std::move(made));
  });
}

inline cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return cuda_shim::detail::device_call("cudaGraphLaunch", [&] {
    if (cuda_shim::detail::streams().executables.count(executable) == 0) return cudaErrorInvalidValue;
    cuda_shim::detail::count([](cuda_shim::counter_set& counters) { ++counters.graph_launches; });
    return cuda_shim::detail::streams().submit(stream, [nodes = executable->nodes] {
      for (const cuda_shim::detail::work_item& node : nodes) node();
    });
  });
}

inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return cuda_shim::detail::device_call("cudaGraphExecDestroy", [&] {
    return cuda_shim::detail::destroy(cuda_shim::detail::streams().executables, executable,
                                      &cuda_shim::counter_set::live_graphs);
  });
}

inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return cuda_shim::detail::device_call("cudaGraphDestroy", [&] {
    return cuda_shim::detail::destroy(cuda_shim::detail::streams().graphs, graph, &cuda_shim::counter_set::live_graphs);
  });
}
