"""Makes pairwise.csv: steps of BPR, WARP, LightGCN and factorization machines in NumPy, float64.

    python tests/golden/pairwise.py > tests/golden/pairwise.csv
"""
import numpy as np

random = np.random.default_rng(5)


def put(name, array):
    for row in np.atleast_2d(np.asarray(array, dtype=np.float64)):
        print(name, *(repr(float(value)) for value in row), sep=",")


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def single(array):
    """Values that float32 holds exactly, so that both sides start from the same numbers."""
    return np.asarray(array, dtype=np.float32).astype(np.float64)


def bpr():
    users, items, factors, rate, penalty = 6, 9, 21, 0.1, 0.05
    x = single(random.normal(0, 0.5, (users, factors)))
    y = single(random.normal(0, 0.5, (items, factors)))
    b = single(random.normal(0, 0.2, items))
    triples = np.array([(random.integers(users), *random.choice(items, 2, replace=False)) for _ in range(100)])
    put("bpr_x0", x), put("bpr_y0", y), put("bpr_b0", b), put("bpr_triples", triples)
    right = 0
    for u, i, j in triples:
        margin = x[u] @ (y[i] - y[j]) + b[i] - b[j]
        right += margin > 0
        pull = sigmoid(-margin)
        dx = pull * (y[i] - y[j]) - penalty * x[u]
        di = pull * x[u] - penalty * y[i]
        dj = -pull * x[u] - penalty * y[j]
        x[u] += rate * dx
        y[i] += rate * di
        y[j] += rate * dj
        b[i] += rate * (pull - penalty * b[i])
        b[j] += rate * (-pull - penalty * b[j])
    put("bpr_x1", x), put("bpr_y1", y), put("bpr_b1", b), put("bpr_right", right)


def light_gcn():
    users, items, factors, layers, rate, penalty = 5, 7, 3, 3, 0.02, 0.1
    r = (random.random((users, items)) < 0.45).astype(np.float64)
    r[np.arange(users), np.arange(users)] = 1
    r[:, 6] = 0
    nodes = users + items
    a = np.zeros((nodes, nodes))
    a[:users, users:] = r
    a[users:, :users] = r.T
    degree = a.sum(1)
    root = np.divide(1.0, np.sqrt(degree), out=np.zeros(nodes), where=degree > 0)
    a = root[:, None] * a * root[None, :]
    mean = sum(np.linalg.matrix_power(a, layer) for layer in range(layers + 1)) / (layers + 1)
    e = random.normal(0, 0.5, (nodes, factors))
    put("gcn_r", r), put("gcn_e0", e)
    m, v = np.zeros_like(e), np.zeros_like(e)
    for step in range(1, 4):
        triples = []
        while len(triples) < 8:
            u, i, j = random.integers(users), random.integers(items), random.integers(items)
            if r[u, i] and not r[u, j]:
                triples.append((u, users + i, users + j))
        triples = np.array(triples)
        u, i, j = triples.T
        put(f"gcn_triples{step}", triples)
        f = mean @ e
        margin = (f[u] * (f[i] - f[j])).sum(1)
        loss = np.log1p(np.exp(-margin)).mean()
        loss += penalty / 2 * ((e[u] ** 2).sum() + (e[i] ** 2).sum() + (e[j] ** 2).sum()) / len(triples)
        d = np.zeros_like(e)
        pull = -sigmoid(-margin)[:, None] / len(triples)
        np.add.at(d, u, pull * (f[i] - f[j]))
        np.add.at(d, i, pull * f[u])
        np.add.at(d, j, -pull * f[u])
        g = mean.T @ d
        for node in (u, i, j):
            np.add.at(g, node, penalty / len(triples) * e[node])
        put(f"gcn_loss{step}", loss), put(f"gcn_gradient{step}", g)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        e = e - rate * (m / (1 - 0.9 ** step)) / (np.sqrt(v / (1 - 0.999 ** step)) + 1e-8)
    put("gcn_e3", e), put("gcn_f3", mean @ e)


def warp():
    """LightFM's update: AdaGrad on the hinge between a user's item and a violator, weighted by the estimated rank."""
    width, rate, penalty = 19, 0.05, 0.01
    rows = single(random.normal(0, 0.5, (3, width)))
    squares = single(1.0 + random.random((3, width)))
    weight = 1.75
    put("warp_rows0", rows), put("warp_squares0", squares)
    x, y, z = rows.copy()
    gradients = np.stack([weight * (z - y), -weight * x, weight * x]) + penalty * rows
    rows -= rate / np.sqrt(squares) * gradients
    squares += gradients ** 2
    put("warp_rows1", rows), put("warp_squares1", squares)


def fm():
    """Predictions of a machine of order 2, by the double sum of its definition."""
    features, factors = 8, 3
    v = single(random.normal(0, 0.5, (features, factors)))
    w = single(random.normal(0, 0.5, features))
    x = single(np.where(random.random((6, features)) < 0.5, random.normal(0, 1, (6, features)), 0.0))
    put("fm_v", v), put("fm_w", w), put("fm_x", x)
    put("fm_y", [w @ row + sum(row[a] * row[b] * (v[a] @ v[b]) for a in range(features) for b in range(a + 1, features))
                 for row in x])


bpr()
light_gcn()
warp()
fm()
