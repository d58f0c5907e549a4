// mmrec/nn/layers/detail/ids.hpp - what layers over token ids share.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/embedding.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn::detail {

template <class T>
kernel::id_batch id_batch_of(const batch_view<ids, T>& in) {
  return {in.data, in.count, in.steps, in.lengths};
}

/// Throws data_error for an id outside a vocabulary of `size`, among those within the lengths.
template <class T>
void require_ids_below(std::string_view function, std::size_t size, const batch_view<ids, T>& in) {
  for (std::size_t example = 0; example < in.count; ++example) {
    const std::int32_t* const own = in.data + example * in.steps;
    for (std::size_t step = 0; step < in.length(example); ++step) {
      if (own[step] >= 0 && static_cast<std::size_t>(own[step]) < size) continue;
      throw data_error(function, "id " + std::to_string(own[step]) + " at position " + std::to_string(step) +
                                     " of example " + std::to_string(example) + " is outside the vocabulary of " +
                                     std::to_string(size));
    }
  }
}

/// Notes the rows of a table that a batch reads, except `skipped`.
template <backend Exec, class T>
void note_rows(const Exec& exec, const batch_view<ids, T>& in, std::size_t skipped, const layer_memory<T>& memory) {
  const kernel::id_batch batch = id_batch_of(in);
  if constexpr (device_queue<Exec>) {
    if (memory.touched != nullptr) mark_rows(exec, batch, skipped, *memory.touched);
  } else {
    static_cast<void>(exec);
    if (memory.rows == nullptr) return;
    for (std::size_t example = 0; example < in.count; ++example) {
      for (std::size_t step = 0; step < batch.length(example); ++step) {
        const std::size_t row = batch.row(example, step);
        if (row != skipped) memory.rows->add(row);
      }
    }
  }
}

}  // namespace nn::detail
}  // namespace mmrec::inline v0
