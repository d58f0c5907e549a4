"""Makes neighbours.csv: a small matrix of ratings, and what other libraries and NumPy in float64 make of it.

Weights of tf-idf and BM25: implicit (documents are items; with the users as documents from the transposed matrix).
Similarities: NumPy. SLIM: scikit-learn's ElasticNet. PureSVD: NumPy's SVD. Ridge weights of neighbourhoods: NumPy.
"""
import pathlib
import warnings

import numpy as np
from implicit.nearest_neighbours import bm25_weight, tfidf_weight
from scipy.sparse import csr_matrix
from sklearn.linear_model import ElasticNet

warnings.simplefilter("ignore")
USERS, ITEMS = 40, 12
K1, B = 1.2, 0.75
L1, L2 = 1.5, 4.0
FACTORS = 3
NEIGHBOURS, REGULARIZATION = 5, 3.0

generator = np.random.default_rng(11)
x = (generator.random((USERS, ITEMS)) < np.linspace(0.6, 0.15, ITEMS)) * generator.integers(1, 6, (USERS, ITEMS))
x = x.astype(float)
x[:, ITEMS - 1] = 0  # an item without interactions
x[USERS - 1] = 0  # a user without interactions
binary = (x > 0).astype(float)


def cosine(a):
    lengths = np.sqrt((a**2).sum(axis=0))
    lengths[lengths == 0] = 1
    result = a.T @ a / np.outer(lengths, lengths)
    np.fill_diagonal(result, 0.0)
    return result


def adjusted(a):
    counts = (a > 0).sum(axis=1)
    means = np.where(counts > 0, a.sum(axis=1) / np.maximum(counts, 1), 0.0)
    return np.where(a > 0, a - means[:, None], 0.0)


def pearson(a):
    with np.errstate(all="ignore"):
        result = np.nan_to_num(np.corrcoef(a.T))
    np.fill_diagonal(result, 0.0)
    return result


def slim(a, positive):
    weights = np.zeros((ITEMS, ITEMS))  # weights[i, j]: what i adds to j
    alpha = (L1 + L2) / USERS
    model = ElasticNet(alpha=alpha, l1_ratio=L1 / (L1 + L2), positive=positive, fit_intercept=False, max_iter=100000,
                       tol=1e-14)
    for j in range(ITEMS):
        others = [i for i in range(ITEMS) if i != j and a[:, i] @ a[:, j] != 0]
        if others:
            weights[others, j] = model.fit(a[:, others], a[:, j]).coef_
    return weights


def ridge_of_neighbourhoods(a):
    near = cosine(a)
    weights = np.zeros((ITEMS, ITEMS))
    for j in range(ITEMS):
        order = [i for i in np.argsort(-near[:, j], kind="stable")[:NEIGHBOURS] if near[i, j] > 0]
        if order:
            gram = a[:, order].T @ a[:, order] + REGULARIZATION * np.eye(len(order))
            weights[order, j] = np.linalg.solve(gram, a[:, order].T @ a[:, j])
    return weights


def pure_svd(a):
    _, _, vt = np.linalg.svd(a, full_matrices=False)
    return a @ vt[:FACTORS].T @ vt[:FACTORS]


sparse = csr_matrix(x)
results = {
    "x": x,
    "tfidf_items": tfidf_weight(sparse.T).T.toarray(),
    "bm25_items": bm25_weight(sparse.T, K1, B).T.toarray(),
    "tfidf_users": tfidf_weight(sparse).toarray(),
    "bm25_users": bm25_weight(sparse, K1, B).toarray(),
    "cosine_tfidf": cosine(tfidf_weight(sparse.T).T.toarray()),
    "dot_bm25": (lambda w: w.T @ w - np.diag(np.diag(w.T @ w)))(bm25_weight(sparse.T, K1, B).T.toarray()),
    "adjusted_cosine": cosine(adjusted(x)),
    "pearson_values": pearson(x),
    "pearson_binary": pearson(binary),
    "users_cosine": cosine(x.T),
    "users_pearson": pearson(x.T),
    "slim_positive": slim(binary, True),
    "slim_any": slim(x, False),
    "ridge": ridge_of_neighbourhoods(binary),
    "svd_binary": pure_svd(binary),
    "svd_bm25": pure_svd(bm25_weight(sparse, K1, B).toarray()),
}
with open(pathlib.Path(__file__).with_suffix(".csv"), "w") as file:
    for name, values in results.items():
        for row in values:
            file.write(name + "," + ",".join(f"{value:.12g}" for value in row) + "\n")
