"""Bayesian personalised ranking against implicit's and LIBMF's: 50,000 users, 20,000 items, 5 million interactions, K = 64.

implicit: one epoch, with biases and negatives in proportion to their popularity, checked against the history, as implicit
does it. Its compiled loop is called directly. LIBMF: a fit of ten epochs, set-up included on both sides, with uniform
negatives and without biases; LIBMF does not check whether a negative is one of the user's items, we do. The number that both
sides of a comparison with implicit have to agree on is the share of pairs ranked right in the first epoch. `lock free` is
parallel::lock_free, the others are deterministic; with one thread the two differ in the order of the cells alone.

LIBMF's Python wheel is compiled with SSE; to compare with AVX, build it with CFLAGS="-O3 -march=native -DUSEAVX".
Needs: numpy, scipy, implicit; libmf where it can be had.
"""
import peer  # first: it sets the environment
import numpy as np
from implicit.cpu import bpr

import ials_peer

FACTORS, RATE, PENALTY, EPOCHS = 64, 0.05, 0.01, 10


def write(path, matrix):
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.uint32), np.diff(matrix.indptr))
    with open(path, "wb") as file:
        np.array([matrix.nnz], np.uint64).tofile(file)
        rows.tofile(file)
        matrix.indices.astype(np.uint32).tofile(file)


def implicit_epochs(matrix):
    """A function that runs one more epoch and tells the share of pairs ranked right."""
    random = np.random.default_rng(1)
    users, items = matrix.shape
    x = ((random.random((users, FACTORS + 1), dtype=np.float32) - 0.5) / FACTORS).astype(np.float32)
    y = ((random.random((items, FACTORS + 1), dtype=np.float32) - 0.5) / FACTORS).astype(np.float32)
    x[:, FACTORS] = 1.0
    user_of = np.repeat(np.arange(users, dtype=np.int32), np.diff(matrix.indptr))
    item_of, starts = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    seeds = random.integers(0, 2**31, peer.threads, dtype=np.int64)
    draws = bpr.RNGVector(peer.threads, len(user_of) - 1, seeds)

    def epoch():
        right, skipped = bpr.bpr_update(draws, user_of, item_of, starts, x, y, RATE, PENALTY, peer.threads, True)
        return right / (len(user_of) - skipped)

    return epoch


def libmf_fit(matrix):
    """A function that fits for ten epochs."""
    import contextlib
    import io
    with contextlib.redirect_stdout(io.StringIO()):
        import libmf.mf as mf
    triples = np.empty((matrix.nnz, 3), np.float32)
    triples[:, 0] = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    triples[:, 1] = matrix.indices
    triples[:, 2] = 1.0

    def fit():
        model = mf.MF(fun=mf.P_ROW_BPR_MFOC, k=FACTORS, nr_threads=peer.threads, nr_iters=EPOCHS, lambda_p2=PENALTY,
                      lambda_q2=PENALTY, lambda_p1=0.0, lambda_q1=0.0, eta=RATE, quiet=True, copy_data=False)
        model.fit(triples)
        return float(np.abs(model.q_factors()).sum())

    return fit


def main():
    options = peer.arguments(__doc__)
    with peer.scratch() as folder:
        matrix = ials_peer.interactions(ials_peer.USERS, ials_peer.ITEMS, ials_peer.INTERACTIONS, seed=7)
        matrix.sort_indices()
        write(folder / "matrix.bin", matrix)
        shape = [folder / "matrix.bin", *matrix.shape, FACTORS]
        for schedule in ("deterministic", "lock_free"):
            peer.compare(f"bpr {schedule} implicit T={peer.threads}", options,
                         ours=["bpr_ours", *shape, schedule, "popularity", 1, 0, peer.threads],
                         theirs=implicit_epochs(matrix), tolerance=0.15)
        try:
            fit = libmf_fit(matrix)
        except ImportError:
            return
        for schedule in ("deterministic", "lock_free"):
            peer.compare(f"bpr {schedule} LIBMF T={peer.threads}", options,
                         ours=["bpr_ours", *shape, schedule, "uniform", 0, EPOCHS, peer.threads], theirs=fit)


if __name__ == "__main__":
    main()
