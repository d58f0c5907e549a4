"""Reference scores for tests/cluster/rfm_test.cpp, by NumPy's quantiles.
usage: python3 rfm.py > rfm.csv
The first lines: the limits of recency, frequency and monetary value; then, a line a user: R, F, M."""
import numpy as np

USERS = 53
logs = [[(i, 1 + (u * 7 + i * i) % 5, 1000 + (u * u * 31 + i * 101) % 977) for i in range(u * u % 23)] for u in range(USERS)]
active = [u for u in range(USERS) if logs[u]]
numbers = np.array([[max(t for _, _, t in logs[u]), len(logs[u]), sum(v for _, v, _ in logs[u])] for u in active], float)
limits = np.quantile(numbers, [0.2, 0.4, 0.6, 0.8], axis=0).T
for row in limits:
    print(",".join(repr(float(x)) for x in row))
scores = np.zeros((USERS, 3), int)
for column in range(3):
    # right-closed intervals, as pandas.qcut
    scores[active, column] = 1 + np.searchsorted(limits[column], numbers[:, column], side="left")
for row in scores:
    print(",".join(map(str, row)))
