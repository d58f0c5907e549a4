// mmrec/serve/exact_index.hpp - the items whose vectors suit a query best, exactly, by floats.
#pragma once
#include <mmrec/kernel/topk_dot.hpp>
#include <mmrec/serve/detail/vector_index.hpp>

namespace mmrec::inline v0 {
namespace serve {

/// Item vectors in an order that suits searches, and the exact search in them, under a filter if wanted.
///
///   const serve::exact_index index(model.item_vectors());                      // or (rows, serve::metric::cosine)
///   serve::exact_index::workspace scratch;                                     // one a thread
///   for (const auto& [item, score] : index.search(query, 10, scratch)) ...     // one query, no allocation
///   index.search(query, 10, filter, history, scratch)                          // under a filter, for one user
///   index.search(exec::cpu{.threads = 8}, queries, 10)                         // a batch: batch_lists
///   index.search(exec::cpu{.threads = 8}, queries, 10, filter, histories)      // histories: none, or one for each query
///
/// Shapes     rows I x K, queries K or B x K
/// Cost       memory 4 I K bytes; O(I K) a query. One query runs at the speed of reading the vectors, a batch at the speed of
///            multiplication; the filter sees only the items whose score is high enough for the list.
/// Result     exact: the k best of all items that the filter admits, k whenever so many exist, in the order of
///            kernel::listed_before. The same bits for any number of threads, alone and in a batch.
/// Throws     shape_error if a query's width, the filter's items or the number of histories do not fit; invalid_config if the
///            rows have no columns. A row with a NaN is an item that is never listed, a query with a NaN lists nothing.
/// Threads    const: shared by any number of threads, each with its own workspace
/// Avoid when memory allows quantized_index, which gives the same lists sooner
/// Example    tests/serve/index_test.cpp
using exact_index = detail::vector_index<kernel::packed_items>;

}  // namespace serve
}  // namespace mmrec::inline v0
