"""PCA and truncated SVD against scikit-learn: 100,000 x 512 dense floats to 64 components; sparse tf-idf-like rows to 128.

scikit-learn's best solver for these sizes is its randomized one; ours is what `automatic` picks, which is exact, and our
randomized one. Variances have to agree to 1e-3. Needs: numpy, scipy, scikit-learn.
"""
import peer  # first: it sets the environment
import numpy as np
import scipy.sparse
from sklearn.decomposition import PCA, TruncatedSVD

ROWS, COLUMNS, COMPONENTS = 100_000, 512, 64


def dense():
    """Rank 64 of falling strength, and noise."""
    random = np.random.default_rng(0)
    factors = random.standard_normal((ROWS, 64), dtype=np.float32) * np.linspace(3, 0.5, 64, dtype=np.float32)
    return (factors @ random.standard_normal((64, COLUMNS), dtype=np.float32)
            + 0.5 * random.standard_normal((ROWS, COLUMNS), dtype=np.float32))


def sparse(rows, columns, draws):
    """Terms with Zipf frequencies, weighted like tf-idf, rows of length 1."""
    random = np.random.default_rng(1)
    popularity = np.cumsum(np.arange(1, columns + 1, dtype=np.float64) ** -0.95)
    terms = np.searchsorted(popularity, random.random(rows * draws) * popularity[-1])
    matrix = scipy.sparse.csr_matrix((np.ones(rows * draws, np.float32), (np.repeat(np.arange(rows), draws), terms)),
                                     shape=(rows, columns))
    matrix.sum_duplicates()  # sorts the indices as well
    documents = np.bincount(matrix.indices, minlength=columns) + 1
    matrix.data = (1 + np.log(matrix.data)) * np.log(rows / documents)[matrix.indices].astype(np.float32)
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
    matrix.data /= np.repeat(norms, np.diff(matrix.indptr)).astype(np.float32)
    return matrix


def main():
    options = peer.arguments(__doc__)
    with peer.scratch() as folder:
        data = []  # made when the first case that is not filtered out asks for it

        def randomized():
            model = PCA(COMPONENTS, svd_solver="randomized", random_state=0).fit(data[0])
            return float(model.explained_variance_.sum())

        for solver in ("automatic", "randomized"):
            name = f"PCA {ROWS // 1000}k x {COLUMNS} -> {COMPONENTS}, {solver}"
            if options.filter not in name:
                continue
            if not data:
                data.append(dense())
                data[0].tofile(folder / "x.f32")
            peer.compare(name, options,
                         ours=["pca_ours", "pca", folder / "x.f32", ROWS, COLUMNS, COMPONENTS, solver, peer.threads],
                         theirs=randomized, tolerance=1e-3)
        data.clear()

        rows, columns, components, iterations = 50_000, 30_000, 128, 5
        s = sparse(rows, columns, 80)
        with open(folder / "s.csr", "wb") as file:
            np.array([s.nnz], np.int64).tofile(file)
            s.indptr.astype(np.int64).tofile(file)
            s.indices.astype(np.int32).tofile(file)
            s.data.tofile(file)

        def truncated():
            return float(TruncatedSVD(components, n_iter=iterations, random_state=0).fit(s).singular_values_.sum())

        peer.compare(f"SVD {rows // 1000}k x {columns // 1000}k sparse -> {components}", options,
                     ours=["pca_ours", "svd", folder / "s.csr", rows, columns, components, iterations, peer.threads],
                     theirs=truncated, tolerance=5e-3)


if __name__ == "__main__":
    main()
