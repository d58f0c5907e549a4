"""The inverse at the heart of EASE against LAPACK: spotrf and spotri, which leave one triangle where ours fills both.

The matrix is X^T X + 500 I of random interactions with a power law, as EASE meets it. Needs: numpy, scipy.
"""
import peer  # first: it sets the environment
import numpy as np
import scipy.linalg.lapack
import scipy.sparse

USERS, HISTORY, REGULARIZATION = 20_000, 60, 500.0


def gram(items):
    random = np.random.default_rng(items)
    popularity = np.cumsum(np.arange(1, items + 1, dtype=np.float64) ** -0.8)
    chosen = np.searchsorted(popularity, random.random(USERS * HISTORY) * popularity[-1])
    users = np.repeat(np.arange(USERS), HISTORY)
    matrix = scipy.sparse.csr_matrix((np.ones(len(users), np.float32), (users, chosen)), shape=(USERS, items))
    matrix.data[:] = 1.0
    dense = np.asarray((matrix.T @ matrix).todense(), dtype=np.float32)
    dense[np.diag_indices(items)] += REGULARIZATION
    return dense


def main():
    options = peer.arguments(__doc__)
    with peer.scratch() as folder:
        for items in (3_000, 10_000, 20_000):
            name = f"EASE inverse n={items} T={peer.threads}"
            if options.filter not in name:
                continue
            matrix = gram(items)
            matrix.tofile(folder / "matrix.f32")
            work = np.empty((items, items), np.float32)

            def inverse():
                np.copyto(work, matrix)
                # The transpose is in the order that LAPACK wants: nothing is copied.
                factor, failed = scipy.linalg.lapack.spotrf(work.T, lower=1, clean=0, overwrite_a=1)
                inverted, failed_too = scipy.linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
                assert failed == 0 and failed_too == 0
                return float(np.trace(inverted, dtype=np.float64))

            peer.compare(name, options, ours=["ease_inverse_ours", folder / "matrix.f32", items, peer.threads],
                         theirs=inverse, tolerance=1e-4)


if __name__ == "__main__":
    main()
