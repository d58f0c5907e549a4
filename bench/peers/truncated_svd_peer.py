"""Truncated SVD of sparse matrices against scikit-learn's randomized one, both at their defaults: time and accuracy.

Two matrices in float32: users and items, 50,000 x 20,000 with 5 million ones, both popularities skewed; documents and terms,
20,000 x 50,000 with about 100 tf-idf weights a row. Half of each row comes from one of 50 topics. The second line of a case
compares the accuracies: the share of the sum of the squares of the K largest singular values (found by SciPy's Lanczos to
convergence) that either side captures; no solver can exceed 1. Needs: numpy, scipy, scikit-learn.
"""
import peer  # first: it sets the environment
import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from sklearn.decomposition import TruncatedSVD


def counts(rows, columns, draws, activity, seed, topics=50):
    """Zipf frequencies of the columns, which each topic takes in another order."""
    random = np.random.default_rng(seed)
    popularity = np.cumsum(np.arange(1, columns + 1, dtype=np.float64) ** -0.95)
    terms = np.searchsorted(popularity, random.random(draws) * popularity[-1])
    weights = np.exp(random.normal(0, activity, rows))
    row_of = np.repeat(np.arange(rows), random.multinomial(draws, weights / weights.sum()))
    topic = random.integers(0, topics, rows)[row_of]
    terms = np.where(random.random(draws) < 0.5, (terms + topic * (columns // topics)) % columns, terms)
    matrix = scipy.sparse.csr_matrix((np.ones(draws, np.float32), (row_of, terms)), shape=(rows, columns))
    matrix.sum_duplicates()  # sorts the indices as well
    return matrix


def interactions():
    matrix = counts(50_000, 20_000, 6_300_000, 1.0, seed=1)
    matrix.data[:] = 1
    return matrix


def documents():
    matrix = counts(20_000, 50_000, 2_400_000, 0.0, seed=2)
    frequency = np.bincount(matrix.indices, minlength=matrix.shape[1]) + 1
    matrix.data = (1 + np.log(matrix.data)) * np.log(matrix.shape[0] / frequency)[matrix.indices].astype(np.float32)
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
    matrix.data /= np.repeat(norms, np.diff(matrix.indptr)).astype(np.float32)
    return matrix


def main():
    options = peer.arguments(__doc__)
    with peer.scratch() as folder:
        for make in (interactions, documents):
            names = {k: f"SVD sparse {make.__name__} -> {k}" for k in (64, 100)}
            if not any(options.filter in name for name in names.values()):
                continue
            matrix = make()
            rows, columns = matrix.shape
            with open(folder / "s.csr", "wb") as file:
                np.array([matrix.nnz], np.int64).tofile(file)
                matrix.indptr.astype(np.int64).tofile(file)
                matrix.indices.astype(np.int32).tofile(file)
                matrix.data.tofile(file)
            largest = scipy.sparse.linalg.svds(matrix.astype(np.float64), max(names), return_singular_vectors=False,
                                               random_state=0)
            largest = np.sort(largest)[::-1]
            for components, name in names.items():
                captured = []

                def theirs():
                    model = TruncatedSVD(components, algorithm="randomized", random_state=0).fit(matrix)
                    captured.append(float((model.singular_values_.astype(np.float64) ** 2).sum()))
                    return captured[-1]

                ours = ["truncated_svd_ours", folder / "s.csr", rows, columns, components, peer.threads]
                if peer.compare(name, options, ours=ours, theirs=theirs, tolerance=0.05) is None:
                    continue
                ours_captured = peer._Ours(options.bin, ours)
                exact = float((largest[:components] ** 2).sum())
                mine, other = ours_captured(1)[1] / exact, captured[-1] / exact
                ours_captured.close()
                print(f"  captured of {matrix.nnz:,} entries  {mine:>10.6f}   {other:>10.6f}   {mine / other:>8.4f}", flush=True)


if __name__ == "__main__":
    main()
