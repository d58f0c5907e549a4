// mmrec/serve/quantized_index.hpp - the items whose vectors suit a query best, exactly, by bytes first.
#pragma once
#include <mmrec/kernel/quantized_items.hpp>
#include <mmrec/serve/detail/vector_index.hpp>

namespace mmrec::inline v0 {
namespace serve {

/// As exact_index, member for member and bit for bit. A first pass over vectors of bytes (AMX or AVX-512 VNNI where the
/// processor has them) leaves the few items that may be listed by a proven bound of its error, and these are scored in
/// floats: see kernel::quantized_items.
///
/// Cost       memory 5 I K bytes; a single query reads a quarter of what exact_index reads
/// Result     the lists of exact_index
/// Avoid when K is above 16384, or many items have a value that is far beyond their others: the bounds are wide then
/// Example    tests/serve/index_test.cpp
using quantized_index = detail::vector_index<kernel::quantized_items>;

}  // namespace serve
}  // namespace mmrec::inline v0
