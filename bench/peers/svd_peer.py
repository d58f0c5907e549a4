"""Matrix factorisation of ratings by stochastic gradient descent against LIBMF's and scikit-surprise's.

LIBMF: 50,000 users, 20,000 items, 5 million ratings; a whole fit of 20 epochs, set-up included on both sides. LIBMF has no
biases and takes steps of Adagrad, we have biases and constant steps: as many updates of as many factors. scikit-surprise: the
same algorithm as ours, 6,000 users, 4,000 items, 500,000 ratings, 2 epochs, set-up included, one thread.

LIBMF's Python package compiles its C++ with none of its SIMD switches; to compare with AVX (the most it has), compile the
package's src_cpp with -O3 -march=native -DUSEAVX into a shared library and name that in LIBMF_OBJ.
Needs: numpy, scipy; libmf and scikit-surprise where they can be had.
"""
import peer  # first: it sets the environment
import contextlib
import io

import numpy as np

import ials_peer

EPOCHS = 20


def ratings_of(users, items, count, seed):
    """Who rated what as in ials_peer; ratings 1 to 5 from biases, a few tastes and noise."""
    pattern = ials_peer.interactions(users, items, count, seed).tocoo()
    random = np.random.default_rng(seed + 1)
    p, q = random.normal(0, 0.5, (users, 8)), random.normal(0, 0.5, (items, 8))
    mean = 3.5 + random.normal(0, 0.4, users)[pattern.row] + random.normal(0, 0.4, items)[pattern.col]
    values = mean + np.einsum("nk,nk->n", p[pattern.row], q[pattern.col]) + random.normal(0, 0.7, pattern.nnz)
    order = np.lexsort((pattern.col, pattern.row))
    return (pattern.row[order].astype(np.uint32), pattern.col[order].astype(np.uint32),
            np.clip(np.rint(values), 1, 5).astype(np.float32)[order])


def write(path, ratings):
    with open(path, "wb") as file:
        np.array([len(ratings[0])], np.uint64).tofile(file)
        for column in ratings:
            column.tofile(file)


def compare_libmf(options, folder):
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            import libmf.mf as mf
    except ImportError:
        return
    users, items = 50_000, 20_000
    ratings = ratings_of(users, items, 5_000_000, seed=7)
    write(folder / "ratings.bin", ratings)
    triples = np.stack([column.astype(np.float32) for column in ratings], axis=1)
    for factors in (64, 128):
        def fit():
            model = mf.MF(fun=mf.P_L2_MFR, k=factors, nr_threads=peer.threads, nr_iters=EPOCHS, lambda_p2=0.02,
                          lambda_q2=0.02, lambda_p1=0.0, lambda_q1=0.0, eta=0.1, quiet=True, copy_data=False)
            model.fit(triples)
            sample = triples[::97]
            return float(np.sqrt(np.mean((model.predict(sample[:, :2]) - sample[:, 2]) ** 2)))

        peer.compare(f"svd LIBMF K={factors} T={peer.threads}", options,
                     ours=["svd_ours", folder / "ratings.bin", users, items, factors, EPOCHS, peer.threads], theirs=fit)


def compare_surprise(options, folder):
    try:
        import surprise
    except ImportError:
        return
    import pandas  # comes with it
    users, items, epochs = 6_000, 4_000, 2
    ratings = ratings_of(users, items, 500_000, seed=8)
    write(folder / "fewer.bin", ratings)
    table = pandas.DataFrame(dict(zip("uir", (column.tolist() for column in ratings))))
    trainset = surprise.Dataset.load_from_df(table, surprise.Reader(rating_scale=(1, 5))).build_full_trainset()
    for factors in (64, 128):
        def fit():
            model = surprise.SVD(n_factors=factors, n_epochs=epochs, random_state=1).fit(trainset)
            return float(np.abs(model.qi).sum())

        peer.compare(f"svd surprise K={factors}", options,
                     ours=["svd_ours", folder / "fewer.bin", users, items, factors, epochs, 1], theirs=fit)


def main():
    options = peer.arguments(__doc__)
    with peer.scratch() as folder:
        compare_libmf(options, folder)
        if peer.threads == 1:
            compare_surprise(options, folder)


if __name__ == "__main__":
    main()
