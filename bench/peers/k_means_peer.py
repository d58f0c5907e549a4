"""k-means against scikit-learn's Lloyd: 20 iterations from the same centres, on clustered rows and on plain noise.

Both sides run all 20 iterations (no tolerance) unless no row changes its cluster. Inertias have to agree to 1e-4: rows
between two centres may go either way in float32. Needs: numpy, scikit-learn.
"""
import peer  # first: it sets the environment
import warnings
import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

ITERATIONS = 20


def noise(random, rows, columns):
    return random.standard_normal((rows, columns), dtype=np.float32)


def clustered(random, rows, columns):
    """Many overlapping groups of different sizes, as vectors of users are."""
    groups = 3 * random.standard_normal((200, columns), dtype=np.float32) / np.sqrt(np.float32(columns)) ** 0.5
    sizes = np.arange(1, 201) ** -0.7
    return groups[random.choice(200, rows, p=sizes / sizes.sum())] + noise(random, rows, columns)


def main():
    options = peer.arguments(__doc__)
    warnings.simplefilter("ignore", ConvergenceWarning)
    with peer.scratch() as folder:
        for make, rows, columns, clusters in ((noise, 100_000, 64, 64), (clustered, 100_000, 64, 64),
                                              (clustered, 100_000, 64, 256), (clustered, 50_000, 128, 20)):
            name = f"k-means {rows // 1000}k x {columns} -> {clusters}, {make.__name__}"
            if options.filter not in name:
                continue
            random = np.random.default_rng(0)
            x = make(random, rows, columns)
            centres = x[random.choice(rows, clusters, replace=False)].copy()
            x.tofile(folder / "x.f32")
            centres.tofile(folder / "c.f32")

            def theirs():
                model = KMeans(clusters, init=centres, n_init=1, max_iter=ITERATIONS, tol=0.0, algorithm="lloyd",
                               copy_x=True)
                return float(model.fit(x).inertia_)

            peer.compare(name, options, ours=["k_means_ours", folder / "x.f32", folder / "c.f32", rows, columns, clusters,
                                              ITERATIONS, peer.threads], theirs=theirs, tolerance=1e-4)


if __name__ == "__main__":
    main()
