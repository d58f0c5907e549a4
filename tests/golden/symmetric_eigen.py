"""Eigenvalues for tests/kernel/symmetric_eigen_test.cpp, by LAPACK's dsyevd through NumPy.
usage: python3 symmetric_eigen.py > symmetric_eigen.csv
One line a matrix: name, n, eigenvalues in decreasing order. The test builds the same matrices by the same formulas."""
import numpy as np


def pseudo(i, j):
    """A number in [-0.5, 0.5) for each unordered pair, from a small multiplicative hash; exact in double precision."""
    low, high = np.minimum(i, j), np.maximum(i, j)
    return ((low * 7919 + high * 104729 + low * high * 31) % 65536) / 65536.0 - 0.5


def matrices():
    for n in (1, 2, 3, 33, 64, 65, 150):
        i, j = np.indices((n, n))
        yield "pseudo", pseudo(i, j)
    i, j = np.indices((12, 12))
    yield "hilbert", 1.0 / (i + j + 1)
    i, j = np.indices((40, 5))
    factor = ((i * 5 + j * 3 + i * j) % 17) / 16.0
    yield "rank5", factor @ factor.T
    i, j = np.indices((50, 50))
    yield "equal", np.where(i == j, 3.0, 1.0)
    yield "zero", np.zeros((7, 7))
    i, j = np.indices((30, 30))
    yield "tridiagonal", np.where(i == j, 2.0, np.where(abs(i - j) == 1, -1.0, 0.0))


for name, matrix in matrices():
    values = np.linalg.eigvalsh(matrix)[::-1]
    print(",".join([name, str(len(values))] + [repr(float(v)) for v in values]))
