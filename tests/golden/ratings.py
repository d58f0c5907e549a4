"""Makes ratings.csv: a small set of ratings, what scikit-surprise predicts for every user and item of it, and what the
factor models learn in float64 from the start, and in the order, that mmrec draws for the seed.

Needs: numpy, scikit-surprise (1.1.4 or 1.1.5). References: those of the models' headers; Gemulla et al., KDD 2011, for the
blocks of the SVD.
"""
import math
import pathlib

import numpy as np
import surprise

USERS, ITEMS, SEED = 16, 14, 42
MASK32, MASK64 = (1 << 32) - 1, (1 << 64) - 1


def derive(seed, index):
    z = (seed + 0x9E3779B97F4A7C15 * (index + 1)) & MASK64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
    return z ^ (z >> 31)


class Stream:
    """Numbers of one Philox stream, as core/random.hpp draws them."""

    def __init__(self, seed, stream):
        self.key, self.stream, self.block, self.words, self.spare = seed, stream, 0, [], None

    def bits32(self):
        if not self.words:
            c = [self.block & MASK32, self.block >> 32, self.stream & MASK32, self.stream >> 32]
            k = [self.key & MASK32, self.key >> 32]
            for _ in range(10):
                low, high = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
                c = [(high >> 32) ^ c[1] ^ k[0], high & MASK32, (low >> 32) ^ c[3] ^ k[1], low & MASK32]
                k = [(k[0] + 0x9E3779B9) & MASK32, (k[1] + 0xBB67AE85) & MASK32]
            self.block, self.words = self.block + 1, c
        return self.words.pop(0)

    def uniform(self):
        low = self.bits32()
        return ((low | self.bits32() << 32) >> 11) * 2.0 ** -53

    def uniform_float(self):
        return (self.bits32() >> 8) * 2.0 ** -24

    def below(self, bound):
        product = self.bits32() * bound
        if product & MASK32 < bound:
            threshold = (1 << 32) % bound
            while product & MASK32 < threshold:
                product = self.bits32() * bound
        return product >> 32

    def normal(self):
        if self.spare is not None:
            spare, self.spare = self.spare, None
            return spare
        radius, angle = math.sqrt(-2 * math.log1p(-self.uniform())), 2 * math.pi * self.uniform()
        self.spare = radius * math.sin(angle)
        return radius * math.cos(angle)

    def shuffled(self, values):
        values = list(values)
        for last in range(len(values), 1, -1):
            other = self.below(last)
            values[last - 1], values[other] = values[other], values[last - 1]
        return values


def normal_rows(key, known, factors, deviation):
    rows = np.zeros((len(known), factors))
    for row in np.flatnonzero(known):
        stream = Stream(key, int(row))
        rows[row] = [deviation * stream.normal() for _ in range(factors)]
    return rows


def strips(counts, blocks):
    before = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.minimum(before * blocks // counts.sum(), blocks - 1)


def blocked_order(r, blocks):
    """Ratings in the order of the schedule: block (b, b + s) for s = 0, 1, ... and within it for b = 0, 1, ..."""
    user_strip, item_strip = strips((r > 0).sum(1), blocks), strips((r > 0).sum(0), blocks)
    content = {}
    for u, i in np.argwhere(r > 0):
        content.setdefault(int(user_strip[u] * blocks + item_strip[i]), []).append((u, i))
    order = []
    for shift in range(blocks):
        for strip in range(blocks):
            block = strip * blocks + (strip + shift) % blocks
            order += Stream(derive(SEED, 2), block).shuffled(content.get(block, []))
    return order


def svd(r, factors, epochs, rate, decay, deviation, blocks):
    known_users, known_items, mean = (r > 0).any(1), (r > 0).any(0), r[r > 0].mean()
    p = normal_rows(derive(SEED, 0), known_users, factors, deviation)
    q = normal_rows(derive(SEED, 1), known_items, factors, deviation)
    bu, bi, order = np.zeros(USERS), np.zeros(ITEMS), blocked_order(r, blocks)
    for _ in range(epochs):
        for u, i in order:
            error = r[u, i] - (mean + bu[u] + bi[i] + p[u] @ q[i])
            bu[u] += rate * (error - decay * bu[u])
            bi[i] += rate * (error - decay * bi[i])
            p[u], q[i] = p[u] + rate * (error * q[i] - decay * p[u]), q[i] + rate * (error * p[u] - decay * q[i])
    return mean + bu[:, None] + bi[None] + p @ q.T


def svd_pp(r, factors, epochs, rate, decay, deviation):
    """Every implicit row of a user is moved at each of the user's ratings, as the paper has it."""
    known_users, known_items, mean = (r > 0).any(1), (r > 0).any(0), r[r > 0].mean()
    p = normal_rows(derive(SEED, 0), known_users, factors, deviation)
    q = normal_rows(derive(SEED, 1), known_items, factors, deviation)
    y = normal_rows(derive(SEED, 2), known_items, factors, deviation)
    bu, bi = np.zeros(USERS), np.zeros(ITEMS)
    rated = [np.flatnonzero(row) for row in r]
    order = [(u, i) for u in range(USERS) for i in Stream(derive(SEED, 3), u).shuffled(rated[u])]
    for _ in range(epochs):
        for u, i in order:
            n = len(rated[u])
            w = p[u] + y[rated[u]].sum(0) / math.sqrt(n)
            error = r[u, i] - (mean + bu[u] + bi[i] + w @ q[i])
            bu[u] += rate * (error - decay * bu[u])
            bi[i] += rate * (error - decay * bi[i])
            old = q[i].copy()
            p[u] += rate * (error * old - decay * p[u])
            q[i] += rate * (error * w - decay * old)
            y[rated[u]] += rate * (error * old / math.sqrt(n) - decay * y[rated[u]])
    w = np.array([p[u] + y[rated[u]].sum(0) / math.sqrt(max(1, len(rated[u]))) for u in range(USERS)])
    return mean + bu[:, None] + bi[None] + w @ q.T


def nmf(r, factors, epochs, decay_p, decay_q, low, high, biased, rate=0.005, decay=0.02):
    observed, mean = r > 0, r[r > 0].mean()
    known_users, known_items = observed.any(1), observed.any(0)
    start = lambda key, known: np.array([[low + (high - low) * s.uniform_float() if k else 0.0 for _ in range(factors)]
                                         for row, k in enumerate(known) for s in [Stream(key, row)]])
    p, q = start(derive(SEED, 0), known_users), start(derive(SEED, 1), known_items)
    bu, bi = np.zeros(USERS), np.zeros(ITEMS)
    for _ in range(epochs):
        estimate = np.where(observed, p @ q.T, 0)
        if biased:
            for u, i in np.argwhere(observed):
                estimate[u, i] += mean + bu[u] + bi[i]
                error = r[u, i] - estimate[u, i]
                bu[u] += rate * (error - decay * bu[u])
                bi[i] += rate * (error - decay * bi[i])
        p_below = estimate @ q + observed.sum(1)[:, None] * decay_p * p
        q_below = estimate.T @ p + observed.sum(0)[:, None] * decay_q * q
        p, q = (p * np.divide(r @ q, p_below, out=np.zeros_like(p), where=p_below > 0),
                q * np.divide(r.T @ p, q_below, out=np.zeros_like(q), where=q_below > 0))
    if biased:
        return mean + bu[:, None] + bi[None] + p @ q.T
    return np.where(known_users[:, None] & known_items[None], p @ q.T, mean)


def main():
    random = np.random.default_rng(7)
    r = np.clip(np.rint(3.2 + random.normal(0, 0.7, (USERS, 1)) + random.normal(0, 0.7, (1, ITEMS)) +
                        random.normal(0, 0.8, (USERS, ITEMS))), 1, 5)
    r *= random.random((USERS, ITEMS)) < 0.55
    r[11] = 0    # a cold user
    r[:, 5] = 0  # a cold item
    r[2] = np.where(r[2] > 0, 4, 0)  # a user without deviation
    assert r.max() == 5 and r[r > 0].min() == 1

    table = [[str(u), str(i), r[u, i]] for u, i in np.argwhere(r > 0)]
    reader = surprise.Reader(rating_scale=(1, 5))
    import pandas  # of scikit-surprise's loader
    trainset = surprise.Dataset.load_from_df(pandas.DataFrame(table), reader).build_full_trainset()

    def predictions(algorithm):
        algorithm.verbose = False
        algorithm.fit(trainset)
        return [[algorithm.predict(str(u), str(i)).est for i in range(ITEMS)] for u in range(USERS)]

    with open(pathlib.Path(__file__).with_suffix(".csv"), "w") as file:
        def write(name, values, digits=8):
            for row in np.atleast_2d(values):
                file.write(name + "," + ",".join(f"{value:.{digits}g}" for value in row) + "\n")

        write("r", r)
        als = {"method": "als", "n_epochs": 4, "reg_i": 3.0, "reg_u": 5.0}
        write("als", predictions(surprise.BaselineOnly(bsl_options=als)))
        sgd = {"method": "sgd", "n_epochs": 6, "reg": 0.05, "learning_rate": 0.02}
        write("sgd", predictions(surprise.BaselineOnly(bsl_options=sgd)))
        write("slope_one", predictions(surprise.SlopeOne()))
        kinds = (surprise.KNNBasic, surprise.KNNWithMeans, surprise.KNNWithZScore, surprise.KNNBaseline)
        for user_based in (True, False):
            for name in ("msd", "cosine", "pearson", "pearson_baseline"):
                for number, kind in enumerate(kinds):
                    strict = number % 2 == 1
                    options = {"name": name, "user_based": user_based, "min_support": 3 if strict else 1, "shrinkage": 2.0}
                    extra = {"bsl_options": als} if kind is surprise.KNNBaseline or name == "pearson_baseline" else {}
                    algorithm = kind(k=4 if strict else 40, min_k=2 if strict else 1, sim_options=options, **extra)
                    write(f"{'users' if user_based else 'items'} {name} {number}", predictions(algorithm), 7)
        for blocks in (1, 3):
            write(f"svd {blocks}", np.clip(svd(r, 5, 4, 0.05, 0.03, 0.2, blocks), 1, 5))
        write("svd_pp", np.clip(svd_pp(r, 5, 4, 0.05, 0.03, 0.2), 1, 5))
        write("nmf", np.clip(nmf(r, 4, 6, 0.06, 0.04, 0.1, 0.9, False), 1, 5))
        write("nmf biased", np.clip(nmf(r, 4, 6, 0.06, 0.04, 0.1, 0.9, True), 1, 5))


if __name__ == "__main__":
    main()
