# Makes fusion.csv: scores of three branches and what SciPy and NumPy say of their normalisation and reciprocal rank fusion.
import csv
import numpy as np
from scipy.stats import rankdata, zscore

rng = np.random.default_rng(5)
items = 12
scores = np.float32([rng.normal(size=items), rng.poisson(2.0, size=items), 1e3 * rng.normal(size=items) ** 3])
weights = [0.5, 2.0, 1.0]
s = scores.astype(np.float64)
z = np.array([zscore(row) for row in s])
minmax = (s - s.min(1, keepdims=True)) / (s.max(1, keepdims=True) - s.min(1, keepdims=True))
rank = np.array([(rankdata(row, method="min") - 1) / (items - 1) for row in s])
rrf = np.array([1.0 / (60.0 + rankdata(-row, method="min")) for row in s])
columns = {"a": s[0], "b": s[1], "c": s[2]}
for name, values in [("none", s), ("z_score", z), ("min_max", minmax), ("rank", rank), ("rrf", rrf)]:
    columns[name] = np.dot(weights, values)
with open(__file__.replace("fusion.py", "fusion.csv"), "w", newline="") as out:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(["%.17g" % x for x in column] for column in columns.values())))
