"""Makes ials.csv: interactions and item features of a small data set, and what alternating least squares learns from them
in float64, from the start that mmrec draws for the seed.

References: Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008, equations 2 to 5;
Agarwal, Chen, "Regression-based latent factor models", KDD 2009 (ridge regression of item factors on features); Ma, Zhou,
Liu, Lyu, King, "Recommender systems with social regularization", WSDM 2011 (edges between users).
"""
import math
import pathlib

import numpy as np

USERS, ITEMS, FEATURES, FACTORS, SEED, SCALE, ITERATIONS = 30, 20, 3, 7, 42, 0.1, 3
MASK32 = (1 << 32) - 1


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        low, high = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(high >> 32) ^ c[1] ^ k[0], high & MASK32, (low >> 32) ^ c[3] ^ k[1], low & MASK32]
        k = [(k[0] + 0x9E3779B9) & MASK32, (k[1] + 0xBB67AE85) & MASK32]
    return c


def normals(seed, stream, count):
    """Box and Muller's transform of 53-bit uniform numbers of one Philox stream."""
    words = [word for number in range(count + 1) for word in philox([number, 0, stream, 0], [seed, 0])]
    uniform = [((words[n] | words[n + 1] << 32) >> 11) * 2.0 ** -53 for n in range(0, len(words), 2)]
    result = []
    for first, second in zip(uniform[::2], uniform[1::2]):
        radius, angle = math.sqrt(-2 * math.log1p(-first)), 2 * math.pi * second
        result += [radius * math.cos(angle), radius * math.sin(angle)]
    return result[:count]


def solve(values, other, alpha, strength, means, start, solver):
    """One half-step: each row's normal equations, built densely from the definition."""
    result = np.zeros_like(start)
    for row in np.flatnonzero(values.max(axis=1) > 0):
        confidence, preference = 1 + alpha * values[row], (values[row] > 0).astype(float)
        left = other.T @ np.diag(confidence) @ other + strength[row] * np.eye(other.shape[1])
        result[row] = solver(left, other.T @ (confidence * preference) + strength[row] * means[row], start[row],
                             other.T @ other)
    return result


def conjugate_gradient(left, right, start, gram, steps):
    """The textbook method (Hestenes, Stiefel 1952), from a start."""
    x, residual = start.copy(), right - left @ start
    direction = residual.copy()
    for _ in range(steps):
        product = left @ direction
        length = residual @ residual / (direction @ product)
        x += length * direction
        after = residual - length * product
        direction = after + (after @ after) / (residual @ residual) * direction
        residual = after
    return x


def blocks(left, right, start, gram, size):
    """Exact for `size` unknowns at a time, in turn, along the eigenvectors of the Gram matrix, the largest first."""
    axes = np.linalg.eigh(gram)[1][:, ::-1]
    left, right, x = axes.T @ left @ axes, axes.T @ right, axes.T @ start
    for first in range(0, len(x), size):
        part = slice(first, first + size)
        x[part] += np.linalg.solve(left[part, part], (right - left @ x)[part])
    return axes @ x


def forces(trust, warm, strength, social_weight):
    """The symmetric matrix of the edges' pulls: each user's trust in others who take part, shared out."""
    among = np.where(warm[:, None] & warm[None, :], trust, 0)
    total = among.sum(axis=1, keepdims=True)
    directed = social_weight * strength[:, None] * np.divide(among, total, out=np.zeros_like(among), where=total > 0)
    return directed + directed.T


def replay(r, alpha, regularization, exponent, features=None, present=None, content_weight=1.0, ridge=1.0, factors=FACTORS,
           trust=np.zeros((USERS, USERS)), social_weight=1.0,
           solver=lambda left, right, start, gram: np.linalg.solve(left, right)):
    warm_users, warm_items = r.max(axis=1) > 0, r.max(axis=0) > 0
    user_strength = regularization * (alpha * r.sum(axis=1) + warm_items.sum()) ** exponent
    item_strength = regularization * (alpha * r.sum(axis=0) + warm_users.sum()) ** exponent
    described = present & warm_items if features is not None else np.zeros(ITEMS, bool)
    item_strength[described] *= content_weight
    pull = forces(trust, warm_users, user_strength, social_weight)
    pulled = user_strength + pull.sum(axis=1)
    x = np.array([normals(SEED, user, factors) for user in range(USERS)]) * SCALE / math.sqrt(factors)
    x[~warm_users] = 0
    y = np.zeros((ITEMS, factors))
    means, w, penalty, losses = np.zeros((ITEMS, factors)), None, 0.0, []
    for _ in range(ITERATIONS):
        y = solve(r.T, x, alpha, item_strength, means, y, solver)
        if features is not None:
            f = np.hstack([features, np.ones((ITEMS, 1))])
            weight = np.where(described, item_strength, 0)
            shrink = np.diag([ridge * item_strength[described].mean()] * FEATURES + [0])
            w = np.linalg.solve(f.T @ (weight[:, None] * f) + shrink, f.T @ (weight[:, None] * y))
            means = np.where(described[:, None], f @ w, 0)
            penalty = shrink[0, 0] * np.square(w[:-1]).sum()
        x = solve(r, y, alpha, pulled, pull @ x / pulled[:, None], x, solver)
        confidence, score = 1 + alpha * r, x @ y.T
        loss = (confidence * ((r > 0) - score) ** 2)[warm_users][:, warm_items].sum() + penalty
        loss += (user_strength * np.square(x).sum(axis=1))[warm_users].sum()
        loss += (item_strength * np.square(y - means).sum(axis=1))[warm_items].sum()
        loss += 0.5 * (pull * np.square(x[:, None] - x[None, :]).sum(axis=2)).sum()
        losses.append(loss)
    if features is not None:
        cold = present & ~warm_items
        y[cold] = (f @ w)[cold]
        warm_items = warm_items | cold
    known = trust * warm_users[None, :]
    cold = ~warm_users & (known.sum(axis=1) > 0)
    x[cold] = (known @ x)[cold] / known.sum(axis=1)[cold, None]
    x[~warm_users & ~cold], y[~warm_items] = np.nan, np.nan
    return x, y, w, losses


def main():
    random = np.random.default_rng(3)
    r = (random.random((USERS, ITEMS)) < np.linspace(0.5, 0.1, ITEMS)) * random.integers(1, 6, (USERS, ITEMS)).astype(float)
    r[11] = 0        # a user without interactions
    r[:, [17, 19]] = 0  # items without interactions: 17 has features, 19 has not
    features = random.normal(size=(ITEMS, FEATURES))
    present = np.ones(ITEMS, bool)
    present[[4, 19]] = False
    features[~present] = 0
    trust = (random.random((USERS, USERS)) < 0.1) * random.integers(1, 5, (USERS, USERS)) / 4
    np.fill_diagonal(trust, 0)
    trust[3] = 0  # somebody who trusts nobody
    with open(pathlib.Path(__file__).with_suffix(".csv"), "w") as file:
        def write(name, values):
            for row in np.atleast_2d(values):
                file.write(name + "," + ",".join(f"{value:.17g}" for value in row) + "\n")
        write("r", r)
        write("features", features)
        write("present", present.astype(int))
        write("trust", trust)
        for name, options in (("plain", dict(alpha=4.0, regularization=2.0, exponent=0.0)),
                              ("scaled", dict(alpha=4.0, regularization=0.05, exponent=1.0)),
                              ("content", dict(alpha=2.0, regularization=0.5, exponent=0.5, features=features,
                                               present=present, content_weight=1.5, ridge=0.7)),
                              ("cg", dict(alpha=4.0, regularization=2.0, exponent=0.0,
                                          solver=lambda *given: conjugate_gradient(*given, 2))),
                              ("cg content", dict(alpha=2.0, regularization=0.5, exponent=0.5, features=features,
                                                  present=present, content_weight=1.5, ridge=0.7,
                                                  solver=lambda *given: conjugate_gradient(*given, 3))),
                              ("subspace", dict(alpha=4.0, regularization=2.0, exponent=0.0, factors=20,
                                                solver=lambda *given: blocks(*given, 16))),
                              ("subspace content", dict(alpha=2.0, regularization=0.5, exponent=0.5, features=features,
                                                        present=present, content_weight=1.5, ridge=0.7, factors=20,
                                                        solver=lambda *given: blocks(*given, 16))),
                              ("social", dict(alpha=2.0, regularization=0.5, exponent=0.5, trust=trust, social_weight=1.5)),
                              ("social content", dict(alpha=2.0, regularization=0.5, exponent=0.5, features=features,
                                                      present=present, content_weight=1.5, ridge=0.7, trust=trust,
                                                      social_weight=0.5))):
            x, y, w, losses = replay(r, **options)
            write(name + " users", x)
            write(name + " items", y)
            write(name + " objective", losses)
            if w is not None:
                write(name + " map", w)


if __name__ == "__main__":
    main()
