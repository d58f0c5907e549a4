"""Fitting cosine item neighbours against implicit's CosineRecommender."""
import peer  # first: sets the environment of the BLAS libraries

import warnings

import implicit
import numpy as np
import scipy.sparse
from implicit.nearest_neighbours import CosineRecommender

NEIGHBOURS = 100


def interactions(users, items, events):
    """Pairs without repeats; how often users and items occur follows power laws."""
    generator = np.random.default_rng(0)

    def pick(count, exponent):
        weights = 1.0 / np.arange(1, count + 1) ** exponent
        return generator.permutation(count)[generator.choice(count, size=events, p=weights / weights.sum())]

    keys = np.unique(pick(users, 0.5) * items + pick(items, 0.8))
    return (keys // items).astype(np.uint32), (keys % items).astype(np.uint32)


def fit(matrix):
    """implicit counts the item itself among the K, so one more is asked for and its similarity, 1, taken off."""
    model = CosineRecommender(K=NEIGHBOURS + 1, num_threads=peer.threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it converts the COO matrix that it made itself
        model.fit(matrix, show_progress=False)
    occurring = np.count_nonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]))
    return float(model.similarity.sum()) - occurring


def main():
    arguments = peer.arguments(__doc__)
    print(f"# implicit {implicit.__version__}")
    with peer.scratch() as folder:
        for users, items, events in ((6_000, 4_000, 1_000_000), (50_000, 20_000, 5_000_000)):
            user, item = interactions(users, items, events)
            np.stack([user, item], axis=1).tofile(folder / "pairs.u32")
            matrix = scipy.sparse.csr_matrix((np.ones(len(user), dtype=np.float32), (user, item)), shape=(users, items))
            peer.compare(f"item_knn {users} x {items}, {len(user)} pairs", arguments,
                         ["item_knn_ours", folder / "pairs.u32", len(user), users, items, NEIGHBOURS],
                         lambda: fit(matrix), tolerance=1e-4)


if __name__ == "__main__":
    main()
