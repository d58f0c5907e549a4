// tests/support/cuda/shim/copies.hpp - copies and fills, held to what the register of memory says about their ends.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "call.hpp"

namespace cuda_shim::detail {

/// Rows of `width` bytes, `pitch` bytes from one to the next.
struct rows {
  std::size_t width = 0, height = 0;
  std::size_t span(std::size_t pitch) const { return height == 0 ? 0 : (height - 1) * pitch + width; }
};

/// Whether `bytes` bytes from here are of the side that they should be of, and of one allocation if they are the device's.
inline bool belongs(const void* pointer, std::size_t bytes, bool to_device) {
  std::size_t left = 0;
  const allocation* const block = memory_register::own().find(pointer, &left);
  if (to_device) return block != nullptr && !block->pinned && bytes <= left;
  return block == nullptr || left == 0 || (block->pinned && bytes <= left);
}

inline cudaError_t check_copy(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, rows shape,
                              cudaMemcpyKind kind) {
  if (shape.width == 0 || shape.height == 0) return cudaSuccess;
  if (to == nullptr || from == nullptr || to_pitch < shape.width || from_pitch < shape.width) return cudaErrorInvalidValue;
  memory_register& memory = memory_register::own();
  bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (kind == cudaMemcpyDefault) {
    to_device = memory.on_device(to);
    from_device = memory.on_device(from);
  }
  const bool right = belongs(to, shape.span(to_pitch), to_device) && belongs(from, shape.span(from_pitch), from_device);
  return right ? cudaSuccess : cudaErrorInvalidValue;
}

inline void copy_rows(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, rows shape) {
  for (std::size_t row = 0; row < shape.height; ++row) {
    std::memmove(static_cast<char*>(to) + row * to_pitch, static_cast<const char*>(from) + row * from_pitch, shape.width);
  }
}

/// As CUDA does it: what comes from ordinary memory of the host is taken at once, what goes there has arrived on return;
/// only copies between the device and pinned memory may be put off.
inline cudaError_t copy(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, rows shape,
                        cudaMemcpyKind kind, cudaStream_t stream) {
  const cudaError_t answer = check_copy(to, to_pitch, from, from_pitch, shape, kind);
  if (answer != cudaSuccess) return answer;
  count([](counter_set& counters) { ++counters.copies; });
  if (shape.width == 0 || shape.height == 0) return cudaSuccess;
  memory_register& memory = memory_register::own();
  stream_register& streams = stream_register::own();
  const bool captured = stream != nullptr && streams.valid(stream) && stream->capture != nullptr;
  if (options().deferred && !captured && memory.find(from) == nullptr) {
    const auto staged = std::make_shared<std::vector<char>>(shape.width * shape.height);
    copy_rows(staged->data(), shape.width, from, from_pitch, shape);
    return streams.submit(stream, [=] { copy_rows(to, to_pitch, staged->data(), shape.width, shape); });
  }
  const cudaError_t submitted = streams.submit(stream, [=] { copy_rows(to, to_pitch, from, from_pitch, shape); });
  if (submitted == cudaSuccess && !captured && memory.find(to) == nullptr) streams.run_pending();
  return submitted;
}

inline cudaError_t fill(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  if (bytes > 0 && !belongs(to, bytes, true)) return cudaErrorInvalidValue;
  count([](counter_set& counters) { ++counters.fills; });
  if (bytes == 0) return cudaSuccess;
  return stream_register::own().submit(stream, [=] { std::memset(to, value, bytes); });
}

}  // namespace cuda_shim::detail
