"""Makes bootstrap.csv: the resampling of mmrec/eval/bootstrap.hpp with its random numbers spelt out, summed up by NumPy.
usage: python3 bootstrap.py"""

import numpy as np

MASK32 = (1 << 32) - 1
SEED, RESAMPLES, CONFIDENCE = 5, 300, 0.9


def block(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        low, high = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(high >> 32) ^ c[1] ^ k[0], high & MASK32, (low >> 32) ^ c[3] ^ k[1], low & MASK32]
        k = [(k[0] + 0x9E3779B9) & MASK32, (k[1] + 0xBB67AE85) & MASK32]
    return c


def words(stream):
    number = 0
    while True:
        yield from block([number, 0, stream, 0], [SEED, 0])
        number += 1


def draws(stream, bound):
    """Numbers below the bound without bias (Lemire)."""
    source = words(stream)
    threshold = ((1 << 32) - bound) % bound
    for _ in range(bound):
        product = next(source) * bound
        while (product & MASK32) < threshold:
            product = next(source) * bound
        yield product >> 32


random = np.random.default_rng(3)
first = random.integers(0, 6, 37) / 5
second = np.clip(first - random.integers(-2, 5, 37) / 10, 0, 1)
difference = first - second
means = np.array([difference[list(draws(r, len(first)))].mean() for r in range(RESAMPLES)])
low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, 1 - (1 - CONFIDENCE) / 2])
extreme = np.count_nonzero(np.abs(means - difference.mean()) >= abs(difference.mean()) * (1 - 1e-12))
with open("bootstrap.csv", "w") as out:
    out.write("seed,resamples,confidence,mean,low,high,p,first,second\n")
    out.write(f"{SEED},{RESAMPLES},{CONFIDENCE},{float(difference.mean())!r},{float(low)!r},{float(high)!r},"
              f"{(1 + int(extreme)) / (1 + RESAMPLES)!r},{' '.join(repr(float(x)) for x in first)},"
              f"{' '.join(repr(float(x)) for x in second)}\n")
