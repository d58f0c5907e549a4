"""Exact top-k inner products against faiss IndexFlatIP, and at batch 1 against NumPy as well.

Faiss picks its vector code when it is loaded; the first line says which. From 20 queries on it calls a BLAS library.
"""
import peer  # first: sets the environment of the BLAS libraries

import faiss
import numpy as np

WIDTH = 64


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
    # Release 1.15 uses its own loops at every batch size by default, 5x slower than BLAS from 20 queries on.
    faiss.cvar.distance_compute_blas_threshold = 20
    generator = np.random.default_rng(0)
    with peer.scratch() as folder:
        for count in (20_000, 200_000):
            items = generator.standard_normal((count, WIDTH), dtype=np.float32)
            items.tofile(folder / "items.f32")
            index = faiss.IndexFlatIP(WIDTH)
            index.add(items)
            for batch in (1, 64, 1024):
                queries = generator.standard_normal((batch, WIDTH), dtype=np.float32)
                queries.tofile(folder / "queries.f32")
                for k in (10, 100):
                    ours = ["topk_ours", folder / "items.f32", count, folder / "queries.f32", batch, WIDTH, k]
                    name = f"top-{k} of {count} x {WIDTH}, batch {batch}"
                    peer.compare(name + ", faiss", arguments, ours,
                                 lambda: float(index.search(queries, k)[0].sum(dtype=np.float64)), tolerance=1e-4)
                    if batch == 1:
                        peer.compare(name + ", numpy", arguments, ours, lambda: numpy_lists(items, queries, k), tolerance=1e-4)


if __name__ == "__main__":
    main()
