// tests/support/cuda/cublas_v2.h - the matrix products of cuBLAS on the host, as plain loops. Matrices go by columns.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cuda_runtime_api.h"
#include "library_types.h"

#define CUDA_SHIM_STATUSES(STATUS)                                                                                \
  STATUS(CUBLAS_STATUS_SUCCESS, 0, "success")                                                                     \
  STATUS(CUBLAS_STATUS_NOT_INITIALIZED, 1, "the library was not initialized")                                     \
  STATUS(CUBLAS_STATUS_ALLOC_FAILED, 3, "the resource allocation failed")                                         \
  STATUS(CUBLAS_STATUS_INVALID_VALUE, 7, "an unsupported value or parameter was passed to the function")          \
  STATUS(CUBLAS_STATUS_ARCH_MISMATCH, 8, "the function requires an architectural feature absent from the device") \
  STATUS(CUBLAS_STATUS_MAPPING_ERROR, 11, "an access to GPU memory space failed")                                 \
  STATUS(CUBLAS_STATUS_EXECUTION_FAILED, 13, "the function failed to launch on the GPU")                          \
  STATUS(CUBLAS_STATUS_INTERNAL_ERROR, 14, "an internal operation failed")                                        \
  STATUS(CUBLAS_STATUS_NOT_SUPPORTED, 15, "the functionality requested is not supported")

#define CUDA_SHIM_ENUMERATOR(name, number, text) name = number,
enum cublasStatus_t { CUDA_SHIM_STATUSES(CUDA_SHIM_ENUMERATOR) };
#undef CUDA_SHIM_ENUMERATOR

enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1, CUBLAS_OP_C = 2 };
enum cublasMath_t { CUBLAS_DEFAULT_MATH = 0, CUBLAS_PEDANTIC_MATH = 2, CUBLAS_TF32_TENSOR_OP_MATH = 3 };
enum cublasPointerMode_t { CUBLAS_POINTER_MODE_HOST = 0, CUBLAS_POINTER_MODE_DEVICE = 1 };
enum cublasComputeType_t {
  CUBLAS_COMPUTE_32F = 68,
  CUBLAS_COMPUTE_32F_PEDANTIC = 69,
  CUBLAS_COMPUTE_64F = 70,
  CUBLAS_COMPUTE_64F_PEDANTIC = 71,
  CUBLAS_COMPUTE_32F_FAST_16F = 74,
  CUBLAS_COMPUTE_32F_FAST_16BF = 75,
  CUBLAS_COMPUTE_32F_FAST_TF32 = 77
};
enum cublasGemmAlgo_t { CUBLAS_GEMM_DEFAULT = -1, CUBLAS_GEMM_DEFAULT_TENSOR_OP = 99 };

struct cublasContext {
  cudaStream_t stream = nullptr;
  cublasMath_t math = CUBLAS_DEFAULT_MATH;
};
using cublasHandle_t = cublasContext*;

inline const char* cublasGetStatusName(cublasStatus_t status) {
#define CUDA_SHIM_NAME(name, number, text) \
  if (status == name) return #name;
  CUDA_SHIM_STATUSES(CUDA_SHIM_NAME)
#undef CUDA_SHIM_NAME
  return "unrecognized status";
}

inline const char* cublasGetStatusString(cublasStatus_t status) {
#define CUDA_SHIM_TEXT(name, number, text) \
  if (status == name) return text;
  CUDA_SHIM_STATUSES(CUDA_SHIM_TEXT)
#undef CUDA_SHIM_TEXT
  return "unrecognized status";
}

namespace cuda_shim::detail {

inline std::set<cublasHandle_t>& library_handles() {
  static std::set<cublasHandle_t>& only = *new std::set<cublasHandle_t>;
  return only;
}

template <class Work>
cublasStatus_t library_call(const char* name, Work&& work) {
  if (const int planned = register_call(name); planned != 0) return static_cast<cublasStatus_t>(planned);
  return device_answer() == cudaSuccess ? work() : CUBLAS_STATUS_NOT_INITIALIZED;
}

/// A call with a handle.
template <class Work>
cublasStatus_t library_call(const char* name, cublasHandle_t handle, Work&& work) {
  return library_call(name, [&] { return library_handles().count(handle) > 0 ? work() : CUBLAS_STATUS_NOT_INITIALIZED; });
}

/// Rounds to `kept` bits after the leading one, to the even number at a tie: 10 for TF32, 7 for bfloat16.
inline float rounded(float value, int kept) {
  if (value != value) return value;
  const int dropped = 23 - kept;
  std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  bits += (std::uint32_t{1} << (dropped - 1)) - 1 + (bits >> dropped & 1U);
  return std::bit_cast<float>(bits >> dropped << dropped);
}

inline float from_bfloat16(std::uint16_t value) { return std::bit_cast<float>(std::uint32_t{value} << 16); }
inline std::uint16_t to_bfloat16(float value) {
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(rounded(value, 7)) >> 16);
}

inline std::size_t bytes_of(cudaDataType_t type) {
  return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : type == CUDA_R_16BF ? 2 : 0;
}

/// One matrix of a product, as it is called with.
struct matrix_argument {
  const void* data = nullptr;
  cudaDataType_t type = CUDA_R_32F;
  std::size_t leading = 0;
  bool transposed = false;

  template <class T>
  T at(std::size_t row, std::size_t column) const {
    const std::size_t place = transposed ? column + row * leading : row + column * leading;
    if (type == CUDA_R_16BF) return static_cast<T>(from_bfloat16(static_cast<const std::uint16_t*>(data)[place]));
    if (type == CUDA_R_64F) return static_cast<T>(static_cast<const double*>(data)[place]);
    return static_cast<T>(static_cast<const float*>(data)[place]);
  }
};

struct product_shape {
  std::size_t rows = 0, columns = 0, depth = 0;
};

/// C = alpha A B + beta C in T. Reads no A and B where alpha is 0, no C where beta is 0. `kept` bits of the numbers of A and
/// B after the leading one count, 0: all.
template <class T>
void multiply(product_shape shape, T alpha, matrix_argument a, matrix_argument b, T beta, void* c, cudaDataType_t c_type,
              std::size_t c_leading, int kept) {
  std::vector<T> left(shape.rows * shape.depth), column(shape.rows);
  const auto read = [kept](const matrix_argument& from, std::size_t row, std::size_t place) {
    const T value = from.at<T>(row, place);
    return kept == 0 ? value : static_cast<T>(rounded(static_cast<float>(value), kept));
  };
  if (alpha != T(0)) {
    for (std::size_t k = 0; k < shape.depth; ++k) {
      for (std::size_t i = 0; i < shape.rows; ++i) left[k * shape.rows + i] = read(a, i, k);
    }
  }
  for (std::size_t j = 0; j < shape.columns; ++j) {
    column.assign(shape.rows, T(0));
    for (std::size_t k = 0; k < shape.depth && alpha != T(0); ++k) {
      const T factor = read(b, k, j);
      const T* const from = left.data() + k * shape.rows;
      for (std::size_t i = 0; i < shape.rows; ++i) column[i] += from[i] * factor;
    }
    for (std::size_t i = 0; i < shape.rows; ++i) {
      const std::size_t place = i + j * c_leading;
      T value = alpha * column[i];
      if (beta != T(0)) value += beta * matrix_argument{c, c_type, c_leading, false}.at<T>(i, j);
      if (c_type == CUDA_R_16BF)
        static_cast<std::uint16_t*>(c)[place] = to_bfloat16(static_cast<float>(value));
      else if (c_type == CUDA_R_64F)
        static_cast<double*>(c)[place] = static_cast<double>(value);
      else
        static_cast<float*>(c)[place] = static_cast<float>(value);
    }
  }
}

/// Throws unless the matrix lies in device memory from its first number to its last.
inline void check_matrix(const char* name, const char* which, const void* data, std::size_t rows, std::size_t columns,
                         std::size_t leading, std::size_t bytes) {
  if (rows == 0 || columns == 0) return;
  if (belongs(data, ((columns - 1) * leading + rows) * bytes, true)) return;
  throw error(std::string(name) + ": " + which + " is not in device memory, or leaves its allocation");
}

/// All that the products have in common. The strides between matrices of a batch are in numbers.
template <class T>
cublasStatus_t product(const char* name, cublasHandle_t handle, cublasOperation_t a_operation, cublasOperation_t b_operation,
                       int m, int n, int k, const T* alpha, const void* a, cudaDataType_t a_type, int a_leading,
                       long long a_stride, const void* b, cudaDataType_t b_type, int b_leading, long long b_stride,
                       const T* beta, void* c, cudaDataType_t c_type, int c_leading, long long c_stride, int batch,
                       int kept) {
  const bool a_transposed = a_operation != CUBLAS_OP_N, b_transposed = b_operation != CUBLAS_OP_N;
  const int a_rows = a_transposed ? k : m, b_rows = b_transposed ? n : k;
  if (m < 0 || n < 0 || k < 0 || batch < 0 || alpha == nullptr || beta == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  if (a_leading < (std::max)(1, a_rows) || b_leading < (std::max)(1, b_rows) || c_leading < (std::max)(1, m)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const product_shape shape{static_cast<std::size_t>(m), static_cast<std::size_t>(n), static_cast<std::size_t>(k)};
  const auto in_batch = [](const void* data, cudaDataType_t type, long long stride, int number) -> const void* {
    return static_cast<const char*>(data) + static_cast<long long>(bytes_of(type)) * stride * number;
  };
  const auto lead = [](int leading) { return static_cast<std::size_t>(leading); };
  const bool uses_product = *alpha != T(0) && m > 0 && n > 0;
  for (int i = 0; i < batch; ++i) {
    if (uses_product) {
      check_matrix(name, "A", in_batch(a, a_type, a_stride, i), a_transposed ? shape.depth : shape.rows,
                   a_transposed ? shape.rows : shape.depth, lead(a_leading), bytes_of(a_type));
      check_matrix(name, "B", in_batch(b, b_type, b_stride, i), b_transposed ? shape.columns : shape.depth,
                   b_transposed ? shape.depth : shape.columns, lead(b_leading), bytes_of(b_type));
    }
    check_matrix(name, "C", in_batch(c, c_type, c_stride, i), shape.rows, shape.columns, lead(c_leading), bytes_of(c_type));
  }
  count_library_call();
  const auto work = [=, alpha_now = *alpha, beta_now = *beta] {
    for (int i = 0; i < batch; ++i) {
      void* const c_now = const_cast<void*>(in_batch(c, c_type, c_stride, i));
      multiply<T>(shape, alpha_now, {in_batch(a, a_type, a_stride, i), a_type, lead(a_leading), a_transposed},
                  {in_batch(b, b_type, b_stride, i), b_type, lead(b_leading), b_transposed}, beta_now, c_now, c_type,
                  lead(c_leading), kept);
    }
  };
  const cudaError_t answer = stream_register::own().submit(handle->stream, work);
  return answer == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

/// How many bits the handle's mode leaves to numbers in single precision.
inline int kept_bits(cublasHandle_t handle) { return handle->math == CUBLAS_TF32_TENSOR_OP_MATH ? 10 : 0; }

}  // namespace cuda_shim::detail

inline cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  return cuda_shim::detail::library_call("cublasCreate", [&] {
    if (handle == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    // It allocates on the device.
    if (cuda_shim::detail::stream_register::own().disturb_captures() != cudaSuccess) return CUBLAS_STATUS_ALLOC_FAILED;
    auto made = std::make_unique<cublasContext>();
    const std::lock_guard hold(cuda_shim::detail::shared_settings().lock);
    cuda_shim::detail::library_handles().insert(made.get());
    ++cuda_shim::detail::shared_settings().counters.live_handles;
    *handle = made.release();
    return CUBLAS_STATUS_SUCCESS;
  });
}

inline cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  return cuda_shim::detail::library_call("cublasDestroy", handle, [&] {
    const std::lock_guard hold(cuda_shim::detail::shared_settings().lock);
    cuda_shim::detail::library_handles().erase(handle);
    --cuda_shim::detail::shared_settings().counters.live_handles;
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
  });
}

inline cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  return cuda_shim::detail::library_call("cublasSetStream", handle, [&] {
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
  });
}

inline cublasStatus_t cublasGetStream(cublasHandle_t handle, cudaStream_t* stream) {
  return cuda_shim::detail::library_call("cublasGetStream", handle, [&] {
    *stream = handle->stream;
    return CUBLAS_STATUS_SUCCESS;
  });
}

inline cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  return cuda_shim::detail::library_call("cublasSetWorkspace", handle, [&] {
    if (bytes > 0 && !cuda_shim::detail::belongs(workspace, bytes, true)) return CUBLAS_STATUS_INVALID_VALUE;
    return CUBLAS_STATUS_SUCCESS;
  });
}

inline cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  return cuda_shim::detail::library_call("cublasSetMathMode", handle, [&] {
    handle->math = mode;
    return CUBLAS_STATUS_SUCCESS;
  });
}

inline cublasStatus_t cublasSetPointerMode(cublasHandle_t handle, cublasPointerMode_t mode) {
  return cuda_shim::detail::library_call("cublasSetPointerMode", handle, [&] {
    return mode == CUBLAS_POINTER_MODE_HOST ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
  });
}

inline cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t a_operation, cublasOperation_t b_operation, int m,
                                  int n, int k, const float* alpha, const float* a, int a_leading, const float* b,
                                  int b_leading, const float* beta, float* c, int c_leading) {
  return cuda_shim::detail::library_call("cublasSgemm", handle, [&] {
    return cuda_shim::detail::product<float>("cublasSgemm", handle, a_operation, b_operation, m, n, k, alpha, a, CUDA_R_32F,
                                             a_leading, 0, b, CUDA_R_32F, b_leading, 0, beta, c, CUDA_R_32F, c_leading, 0, 1,
                                             cuda_shim::detail::kept_bits(handle));
  });
}

inline cublasStatus_t cublasDgemm(cublasHandle_t handle, cublasOperation_t a_operation, cublasOperation_t b_operation, int m,
                                  int n, int k, const double* alpha, const double* a, int a_leading, const double* b,
                                  int b_leading, const double* beta, double* c, int c_leading) {
  return cuda_shim::detail::library_call("cublasDgemm", handle, [&] {
    return cuda_shim::detail::product<double>("cublasDgemm", handle, a_operation, b_operation, m, n, k, alpha, a, CUDA_R_64F,
                                              a_leading, 0, b, CUDA_R_64F, b_leading, 0, beta, c, CUDA_R_64F, c_leading, 0,
                                              1, 0);
  });
}

inline cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t a_operation,
                                                cublasOperation_t b_operation, int m, int n, int k, const float* alpha,
                                                const float* a, int a_leading, long long a_stride, const float* b,
                                                int b_leading, long long b_stride, const float* beta, float* c,
                                                int c_leading, long long c_stride, int batch) {
  return cuda_shim::detail::library_call("cublasSgemmStridedBatched", handle, [&] {
    return cuda_shim::detail::product<float>("cublasSgemmStridedBatched", handle, a_operation, b_operation, m, n, k, alpha,
                                             a, CUDA_R_32F, a_leading, a_stride, b, CUDA_R_32F, b_leading, b_stride, beta, c,
                                             CUDA_R_32F, c_leading, c_stride, batch, cuda_shim::detail::kept_bits(handle));
  });
}

inline cublasStatus_t cublasDgemmStridedBatched(cublasHandle_t handle, cublasOperation_t a_operation,
                                                cublasOperation_t b_operation, int m, int n, int k, const double* alpha,
                                                const double* a, int a_leading, long long a_stride, const double* b,
                                                int b_leading, long long b_stride, const double* beta, double* c,
                                                int c_leading, long long c_stride, int batch) {
  return cuda_shim::detail::library_call("cublasDgemmStridedBatched", handle, [&] {
    return cuda_shim::detail::product<double>("cublasDgemmStridedBatched", handle, a_operation, b_operation, m, n, k, alpha,
                                              a, CUDA_R_64F, a_leading, a_stride, b, CUDA_R_64F, b_leading, b_stride, beta,
                                              c, CUDA_R_64F, c_leading, c_stride, batch, 0);
  });
}

inline cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t a_operation, cublasOperation_t b_operation,
                                   int m, int n, int k, const void* alpha, const void* a, cudaDataType_t a_type,
                                   int a_leading, const void* b, cudaDataType_t b_type, int b_leading, const void* beta,
                                   void* c, cudaDataType_t c_type, int c_leading, cublasComputeType_t compute,
                                   cublasGemmAlgo_t) {
  return cuda_shim::detail::library_call("cublasGemmEx", handle, [&] {
    const auto product = [&](const auto* factor, const auto* keep, int kept) {
      return cuda_shim::detail::product("cublasGemmEx", handle, a_operation, b_operation, m, n, k, factor, a, a_type,
                                        a_leading, 0, b, b_type, b_leading, 0, keep, c, c_type, c_leading, 0, 1, kept);
    };
    if (a_type != b_type || compute == CUBLAS_COMPUTE_32F_FAST_16F) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (compute == CUBLAS_COMPUTE_64F || compute == CUBLAS_COMPUTE_64F_PEDANTIC) {
      if (a_type != CUDA_R_64F || c_type != CUDA_R_64F) return CUBLAS_STATUS_NOT_SUPPORTED;
      return product(static_cast<const double*>(alpha), static_cast<const double*>(beta), 0);
    }
    const bool single = a_type == CUDA_R_32F && c_type == CUDA_R_32F;
    const bool brief = a_type == CUDA_R_16BF && (c_type == CUDA_R_32F || c_type == CUDA_R_16BF);
    const bool fast = compute == CUBLAS_COMPUTE_32F_FAST_TF32 || compute == CUBLAS_COMPUTE_32F_FAST_16BF;
    if (!single && (!brief || fast)) return CUBLAS_STATUS_NOT_SUPPORTED;
    int kept = compute == CUBLAS_COMPUTE_32F ? cuda_shim::detail::kept_bits(handle) : 0;
    if (compute == CUBLAS_COMPUTE_32F_FAST_TF32) kept = 10;
    if (compute == CUBLAS_COMPUTE_32F_FAST_16BF) kept = 7;
    return product(static_cast<const float*>(alpha), static_cast<const float*>(beta), single ? kept : 0);
  });
}
