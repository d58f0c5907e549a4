// The kernels of mmrec/nn/cuda/update.hpp for float, compiled.
#include <mmrec/nn/cuda/update.hpp>

#include <mmrec/nn/cuda/update.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void update(const context& on, const nn::detail::sgd_rule<float>* rules, const std::uint32_t* step_index,
                     float* parameters, const float* gradients, const float* scale, float* first, float* second,
                     std::size_t begin, std::size_t end);
template void update(const context& on, const nn::detail::momentum_rule<float, false>* rules,
                     const std::uint32_t* step_index, float* parameters, const float* gradients, const float* scale,
                     float* first, float* second, std::size_t begin, std::size_t end);
template void update(const context& on, const nn::detail::momentum_rule<float, true>* rules, const std::uint32_t* step_index,
                     float* parameters, const float* gradients, const float* scale, float* first, float* second,
                     std::size_t begin, std::size_t end);
template void update(const context& on, const nn::detail::adam_rule<float>* rules, const std::uint32_t* step_index,
                     float* parameters, const float* gradients, const float* scale, float* first, float* second,
                     std::size_t begin, std::size_t end);
template void update(const context& on, const nn::detail::adagrad_rule<float>* rules, const std::uint32_t* step_index,
                     float* parameters, const float* gradients, const float* scale, float* first, float* second,
                     std::size_t begin, std::size_t end);
template void update(const context& on, const nn::detail::rmsprop_rule<float>* rules, const std::uint32_t* step_index,
                     float* parameters, const float* gradients, const float* scale, float* first, float* second,
                     std::size_t begin, std::size_t end);
template void update_rows(const context& on, const nn::detail::sgd_rule<float>* rules, const std::uint32_t* step_index,
                          float* parameters, float* gradients, const float* scale, float* first, float* second,
                          std::size_t first_element, std::size_t width, std::size_t rows, std::uint8_t* touched);
template void update_rows(const context& on, const nn::detail::momentum_rule<float, false>* rules,
                          const std::uint32_t* step_index, float* parameters, float* gradients, const float* scale,
                          float* first, float* second, std::size_t first_element, std::size_t width, std::size_t rows,
                          std::uint8_t* touched);
template void update_rows(const context& on, const nn::detail::momentum_rule<float, true>* rules,
                          const std::uint32_t* step_index, float* parameters, float* gradients, const float* scale,
                          float* first, float* second, std::size_t first_element, std::size_t width, std::size_t rows,
                          std::uint8_t* touched);
template void update_rows(const context& on, const nn::detail::adam_rule<float>* rules, const std::uint32_t* step_index,
                          float* parameters, float* gradients, const float* scale, float* first, float* second,
                          std::size_t first_element, std::size_t width, std::size_t rows, std::uint8_t* touched);
template void update_rows(const context& on, const nn::detail::adagrad_rule<float>* rules, const std::uint32_t* step_index,
                          float* parameters, float* gradients, const float* scale, float* first, float* second,
                          std::size_t first_element, std::size_t width, std::size_t rows, std::uint8_t* touched);
template void update_rows(const context& on, const nn::detail::rmsprop_rule<float>* rules, const std::uint32_t* step_index,
                          float* parameters, float* gradients, const float* scale, float* first, float* second,
                          std::size_t first_element, std::size_t width, std::size_t rows, std::uint8_t* touched);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
