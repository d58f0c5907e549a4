"""Reference values for tests/cluster, by scikit-learn and NumPy in float64.
usage: python3 cluster.py > cluster.csv
Each line: case, quantity, numbers. The tests build the same rows by the same formulas."""
import warnings
import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.mixture import GaussianMixture

warnings.simplefilter("ignore")


def hashed(rows, columns):
    """Numbers in [-0.5, 0.5) whose float64 value is the same in any language."""
    i, j = np.indices((rows, columns))
    return ((i * 7919 + j * 104729 + i * j * 31 + i * i * 13) % 1009) / 1009.0 - 0.5


def groups(rows, columns, centres, spread):
    """Rows around centres that lie on hashed places, away from zero; group of row i is i * i mod centres."""
    x = hashed(rows, columns) * spread * (1 + np.arange(columns) % 3)
    at = 8.0 * hashed(centres, columns)[np.arange(rows) ** 2 % centres]
    return (x + at + 10.0).astype(np.float32).astype(np.float64)


def show(case, quantity, numbers):
    print(",".join([case, quantity] + [repr(float(x)) for x in np.ravel(numbers)]))


def k_means(case, x, k, iterations, tolerance):
    model = KMeans(k, init=x[:k], n_init=1, max_iter=iterations, tol=tolerance, algorithm="lloyd").fit(x)
    show(case, "centres", model.cluster_centers_)
    show(case, "inertia", model.inertia_)
    show(case, "iterations", model.n_iter_)
    show(case, "labels", model.labels_)
    show(case, "distances", model.transform(x[:3]))


def mini_batch(case, x, k, batch):
    model = MiniBatchKMeans(k, init=x[:k], n_init=1, reassignment_ratio=0.0, batch_size=batch)
    for begin in range(0, len(x), batch):
        model.partial_fit(x[begin:begin + batch])
    show(case, "centres", model.cluster_centers_)


def mixture(case, x, k, kind, iterations):
    """EM from the same start as ours: responsibilities of 1 for the nearest of the first k rows."""
    start = np.zeros((len(x), k))
    start[np.arange(len(x)), ((x[:, None] - x[None, :k]) ** 2).sum(2).argmin(1)] = 1.0
    model = GaussianMixture(k, covariance_type=kind, reg_covar=1e-3, tol=0.0, max_iter=iterations)
    weights = start.sum(0) + 10 * np.finfo(float).eps
    means = start.T @ x / weights[:, None]
    if kind == "diag":
        covariances = start.T @ (x * x) / weights[:, None] - means**2 + 1e-3
        precisions = 1 / covariances
    else:
        covariances = np.stack([(start[:, i, None] * (x - means[i])).T @ (x - means[i]) / weights[i] for i in range(k)])
        covariances += 1e-3 * np.eye(x.shape[1])
        precisions = np.linalg.inv(covariances)
    model.weights_init, model.means_init, model.precisions_init = weights / weights.sum(), means, precisions
    model.fit(x)
    show(case, "weights", model.weights_)
    show(case, "means", model.means_)
    show(case, "covariances", model.covariances_)
    show(case, "likelihood", model.score(x))
    show(case, "bic", model.bic(x))
    show(case, "aic", model.aic(x))
    show(case, "responsibilities", model.predict_proba(x[:6]))
    show(case, "labels", model.predict(x))


x = groups(300, 5, 6, 6.0)
k_means("k_means", x, 6, 300, 1e-4)
k_means("k_means_short", x, 6, 3, 0.0)
k_means("k_means_wide", groups(500, 67, 11, 9.0), 11, 300, 0.0)
mini_batch("mini_batch", x, 6, 50)
mixture("mixture_diagonal", groups(400, 3, 4, 6.0), 4, "diag", 20)
mixture("mixture_full", groups(400, 3, 4, 6.0), 4, "full", 20)
