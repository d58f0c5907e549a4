"""Makes ease.csv: interactions of a small data set, and EASE's weights for it in float64.

Reference: Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, equations 6 to 8.
"""
import pathlib

import numpy as np

USERS, ITEMS, REGULARIZATION = 40, 12, 3.0

generator = np.random.default_rng(7)
x = (generator.random((USERS, ITEMS)) < np.linspace(0.6, 0.1, ITEMS)) * generator.integers(1, 6, (USERS, ITEMS))
x[:, ITEMS - 1] = 0  # an item without interactions


def weights(x):
    inverse = np.linalg.inv(x.T @ x + REGULARIZATION * np.eye(ITEMS))
    b = np.eye(ITEMS) - inverse / np.diag(inverse)
    np.fill_diagonal(b, 0.0)
    return b


with open(pathlib.Path(__file__).with_suffix(".csv"), "w") as file:
    for name, values in (("x", x), ("binary", weights((x > 0).astype(float))), ("values", weights(x.astype(float)))):
        for row in values:
            file.write(name + "," + ",".join(f"{value:.17g}" for value in row) + "\n")
