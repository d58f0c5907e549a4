"""One iteration of implicit ALS against implicit's: all items, then all users, by Cholesky and by conjugate gradients.

50,000 users, 20,000 items, 5 million interactions with a power law on both sides; both sides start from the same factors and
have to arrive at the same new ones; the gradients take three steps, implicit's number. implicit's compiled solver is called directly, so that the construction of
its Python objects is not timed. Needs: numpy, scipy, implicit.
"""
import peer  # first: it sets the environment
import numpy as np
import scipy.sparse
from implicit.cpu import _als

USERS, ITEMS, INTERACTIONS, REGULARIZATION = 50_000, 20_000, 5_000_000, 10.0


def interactions(users, items, count, seed):
    """A matrix of confidences alpha r > 0: log-normal activity of users, Zipf popularity of items within tastes.

    Each user follows three of forty tastes; a taste is a noisy copy of the global order of the items.
    """
    random = np.random.default_rng(seed)
    tastes, followed, exponent = 40, 3, 0.9
    activity = random.lognormal(0.0, 0.9, users)
    popularity = np.cumsum(np.arange(1, items + 1, dtype=np.float64) ** -exponent)
    catalogue = random.permutation(items)
    order = np.stack([catalogue[np.argsort(np.arange(items) * random.lognormal(0.0, 1.6, items))] for _ in range(tastes)])
    taste_of = random.integers(0, tastes, (users, followed))
    pairs = np.empty(0, np.int64)
    while len(pairs) < count:
        draws = int(1.4 * (count - len(pairs))) + 1000
        user = np.searchsorted(np.cumsum(activity), random.random(draws) * activity.sum())
        taste = taste_of[user, random.integers(0, followed, draws)]
        rank = np.searchsorted(popularity, random.random(draws) * popularity[-1])
        pairs = np.union1d(pairs, user * np.int64(items) + order[taste, rank])
    pairs = np.sort(random.choice(pairs, count, replace=False))
    weights = (1 + random.poisson(1.0, count)).astype(np.float32)
    return scipy.sparse.csr_matrix((weights, (pairs // items, pairs % items)), shape=(users, items))


def write(path, matrix):
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.uint32), np.diff(matrix.indptr))
    with open(path, "wb") as file:
        np.array([matrix.nnz], np.uint64).tofile(file)
        rows.tofile(file)
        matrix.indices.astype(np.uint32).tofile(file)
        matrix.data.astype(np.float32).tofile(file)


def main():
    options = peer.arguments(__doc__)
    with peer.scratch() as folder:
        weights = interactions(USERS, ITEMS, INTERACTIONS, seed=7)
        write(folder / "matrix.bin", weights)
        confidence = weights.copy()  # implicit takes c = 1 + alpha r
        confidence.data += 1.0
        transposed = confidence.T.tocsr()
        for factors in (64, 128):
            random = np.random.default_rng(factors)
            start = random.normal(0.0, 0.1 / factors ** 0.5, (USERS + ITEMS, factors)).astype(np.float32)
            start.tofile(folder / "start.f32")

            def iteration(solve):
                x, y = start[:USERS].copy(), start[USERS:].copy()
                solve(transposed, y, x, REGULARIZATION, peer.threads)
                solve(confidence, x, y, REGULARIZATION, peer.threads)
                return float(np.square(x, dtype=np.float64).sum())

            for solver, name, solve in (("cholesky", "ials iteration", _als.least_squares),
                                        ("cg", "ials iteration CG", _als.least_squares_cg)):
                peer.compare(f"{name} K={factors} T={peer.threads}", options,
                             ours=["ials_ours", solver, folder / "matrix.bin", folder / "start.f32", USERS, ITEMS, factors,
                                   REGULARIZATION, peer.threads],
                             theirs=lambda: iteration(solve), tolerance=1e-3)


if __name__ == "__main__":
    main()
