"""Exact top-k inner products against faiss IndexFlatIP, and at batch 1 against NumPy as well.

"floats" is kernel::packed_items, "bytes" kernel::quantized_items: the same lists with a first pass over bytes.

Faiss picks its vector code when it is loaded; the first line says which.
"""
import peer  # first: sets the environment of the BLAS libraries

import faiss
import numpy as np


def faiss_build():
    level = faiss.SIMDConfig.get_level_name() if hasattr(faiss, "SIMDConfig") else "not told"
    return f"faiss {faiss.__version__}, built for {faiss.get_compile_options().strip()}, running on {level}"


def numpy_lists(items, queries, k):
    scores = queries @ items.T
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    return float(np.take_along_axis(scores, best, axis=1).sum(dtype=np.float64))


def main():
    arguments = peer.arguments(__doc__)
    print(f"# {faiss_build()}; numpy {np.__version__}")
    faiss.omp_set_num_threads(peer.threads)
    own_loops = faiss.cvar.distance_compute_blas_threshold
    generator = np.random.default_rng(0)
    with peer.scratch() as folder:
        for count, width in ((20_000, 64), (200_000, 64), (200_000, 128), (1_000_000, 64)):
            items = generator.standard_normal((count, width), dtype=np.float32)
            items.tofile(folder / "items.f32")
            index = faiss.IndexFlatIP(width)
            index.add(items)
            for batch in (1, 64, 1024):
                # Faiss at its best: release 1.15 uses its own loops at these batch sizes by default, which is right for one
                # query and 5x slower than BLAS for 64.
                faiss.cvar.distance_compute_blas_threshold = own_loops if batch == 1 else 20
                queries = generator.standard_normal((batch, width), dtype=np.float32)
                queries.tofile(folder / "queries.f32")
                for k in (10, 100):
                    ours = ["topk_ours", folder / "items.f32", count, folder / "queries.f32", batch, width, k]
                    name = f"top-{k} of {count} x {width}, batch {batch}"
                    for way in ("floats", "bytes"):
                        peer.compare(f"{name}, {way}, faiss", arguments, ours + [way],
                                     lambda: float(index.search(queries, k)[0].sum(dtype=np.float64)), tolerance=1e-4)
                    if batch == 1 and count <= 200_000:
                        peer.compare(name + ", floats, numpy", arguments, ours + ["floats"],
                                     lambda: numpy_lists(items, queries, k), tolerance=1e-4)


if __name__ == "__main__":
    main()
