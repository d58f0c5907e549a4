// A user's program: it has to build with nothing but what the package says, and to find the version that it asked for.
#include <mmrec/core/config.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>

#include <atomic>

#ifdef CONSUMER_FAISS
#include <mmrec/serve/faiss_index.hpp>
#endif
#ifdef CONSUMER_HNSWLIB
#include <mmrec/serve/hnsw_index.hpp>
#endif
#ifdef CONSUMER_SQLITE
#include <sqlite3.h>
#endif
#ifdef CONSUMER_UNICODE
#include <utf8proc.h>
#endif

#ifdef CONSUMER_DEVICE
bool works_on_device();
#endif

int main() {
  std::atomic<std::size_t> sum{0};
  mmrec::for_ranges(mmrec::exec::cpu{}, 100, 7, [&](std::size_t begin, std::size_t end) { sum += end - begin; });
  const mmrec::matrix<float> identity = mmrec::matrix<float>::Identity(3, 3);
#ifdef CONSUMER_DEVICE
  if (!works_on_device()) return 1;
#endif
#ifdef CONSUMER_FAISS
  if (mmrec::serve::faiss_index(identity).items() != 3) return 1;
#endif
#ifdef CONSUMER_HNSWLIB
  if (mmrec::serve::hnsw_index(identity).items() != 3) return 1;
#endif
#ifdef CONSUMER_SQLITE
  if (sqlite3_libversion_number() < 3000000) return 1;
#endif
#ifdef CONSUMER_UNICODE
  if (utf8proc_version() == nullptr) return 1;
#endif
  return sum == 100 && identity.sum() == 3.0f && MMREC_VERSION_MAJOR >= 0 ? 0 : 1;
}
