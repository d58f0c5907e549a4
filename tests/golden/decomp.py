"""Reference values for tests/decomp, by NumPy's LAPACK SVD in float64.
usage: python3 decomp.py > decomp.csv
Each line: case, quantity, numbers. The tests build the same data by the same formulas."""
import numpy as np


def hashed(rows, columns):
    """Numbers in [-0.5, 0.5) whose float64 value is the same in any language."""
    i, j = np.indices((rows, columns))
    return ((i * 7919 + j * 104729 + i * j * 31 + i * i * 13) % 1009) / 1009.0 - 0.5


def dense(rows, columns):
    """Columns of different scales, away from zero."""
    j = np.arange(columns)
    return hashed(rows, columns) * (1.0 + j % 7) + j


def decaying(rows, columns):
    """A spectrum that falls, for the randomized solver."""
    rank = 20
    scale = 0.7 ** np.arange(rank)
    return (hashed(rows, rank) * scale) @ hashed(columns, rank).T + 0.001 * hashed(rows, columns)


def sparse(rows, columns):
    """About a third of the entries, all of them positive."""
    values = hashed(rows, columns) + 0.75
    i, j = np.indices((rows, columns))
    return np.where((i * 31 + j * 17 + i * j) % 3 == 0, values, 0.0)


def show(case, quantity, numbers):
    print(",".join([case, quantity] + [repr(float(x)) for x in np.ravel(numbers)]))


def fix_signs(vt):
    largest = vt[np.arange(len(vt)), np.argmax(np.abs(vt), axis=1)]
    return vt * np.where(largest < 0, -1.0, 1.0)[:, None]


def pca(case, x, k):
    mean = x.mean(0)
    _, s, vt = np.linalg.svd(x - mean, full_matrices=False)
    vt = fix_signs(vt[:k])
    variance = s**2 / (len(x) - 1)
    show(case, "mean", mean)
    show(case, "variance", variance[:k])
    show(case, "ratio", variance[:k] / variance.sum())
    show(case, "components", vt)
    projected = (x[:3] - mean) @ vt.T
    show(case, "projected", projected)
    show(case, "whitened", projected / np.sqrt(variance[:k]))


def svd(case, x, k):
    _, s, vt = np.linalg.svd(x, full_matrices=False)
    vt = fix_signs(vt[:k])
    projected = x @ vt.T
    show(case, "singular", s[:k])
    show(case, "variance", projected.var(0))
    show(case, "ratio", projected.var(0) / x.var(0).sum())
    show(case, "components", vt)
    show(case, "projected", projected[:3])


pca("tall", dense(60, 12), 5)
pca("wide", dense(15, 40), 6)
pca("square", dense(20, 20), 3)
pca("decaying", decaying(300, 80), 6)
svd("sparse", sparse(50, 30), 6)
svd("sparse_wide", sparse(30, 70), 5)
svd("dense_svd", decaying(300, 80), 6)
