# Makes features.csv: a 9 x 4 table, and what scikit-learn's StandardScaler, MinMaxScaler and normalize give for it.
# Column 0 lies far from 0, column 1 has values near the largest float, column 2 is constant, column 3 has missing values
# (blank here), which scikit-learn leaves out of its statistics as well.
import csv
import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize

rng = np.random.default_rng(3)
x = np.empty((9, 4), np.float32)
x[:, 0] = 2000 + rng.normal(size=9)
x[:, 1] = 1e38 * rng.uniform(-3, 3, size=9)
x[:, 2] = 0.1
x[:, 3] = rng.normal(size=9)
x[[1, 5], 3] = np.nan
d = x.astype(np.float64)
standard = StandardScaler().fit_transform(d)
min_max = MinMaxScaler((-1, 3)).fit_transform(d)
length = normalize(np.nan_to_num(d))
with open(__file__.replace("features.py", "features.csv"), "w", newline="") as out:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"{name}{c}" for name in ("x", "standard", "min_max", "l2_") for c in range(4)])
    for row in np.hstack([d, standard, min_max, length]):
        writer.writerow(["" if np.isnan(v) else "%.17g" % v for v in row])
