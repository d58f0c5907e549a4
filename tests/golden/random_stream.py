"""The reference hash of tests/core/random_test.cpp: Philox4x32-10 and Lemire's bounded numbers spelt out in Python.
usage: python3 random.py"""

MASK32, MASK64 = (1 << 32) - 1, (1 << 64) - 1


def block(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        low, high = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(high >> 32) ^ c[1] ^ k[0], high & MASK32, (low >> 32) ^ c[3] ^ k[1], low & MASK32]
        k = [(k[0] + 0x9E3779B9) & MASK32, (k[1] + 0xBB67AE85) & MASK32]
    return c


def words(seed, stream):
    number = 0
    while True:
        yield from block([number & MASK32, number >> 32, stream & MASK32, stream >> 32], [seed & MASK32, seed >> 32])
        number += 1


source = words(42, 7)


def bits64():
    low = next(source)
    return low | (next(source) << 32)


def below(bound):
    product = next(source) * bound
    if (product & MASK32) < bound:
        threshold = ((1 << 32) - bound) % bound
        while (product & MASK32) < threshold:
            product = next(source) * bound
    return product >> 32


digest = 1469598103934665603
for _ in range(1000):
    digest = ((digest ^ bits64()) * 1099511628211) & MASK64
    digest = ((digest ^ below(1000)) * 1099511628211) & MASK64
print(digest)
