"""Makes metrics.csv and lists.csv with the metric classes of RecBole and with scikit-learn.

usage: pip install numpy scikit-learn; pip download --no-deps recbole==1.2.1; python3 metrics.py recbole-1.2.1-py3-none-any.whl
RecBole's metrics use torch only to unpack their input, so that two empty modules stand in for torch and recbole.utils.
"""

import sys
import types
import zipfile

import numpy as np
from sklearn.metrics import ndcg_score, roc_auc_score

if not hasattr(np, "float"):
    np.float = np.float64  # RecBole's MAP uses the name that NumPy removed


class kinds:
    RANKING = VALUE = None


def load(wheel):
    for name in ("torch", "recbole", "recbole.utils", "recbole.evaluator"):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = []
    sys.modules["recbole.utils"].EvaluatorType = kinds
    with zipfile.ZipFile(wheel) as archive:
        for name in ("utils", "base_metric", "metrics"):
            full = "recbole.evaluator." + name
            module = types.ModuleType(full)
            sys.modules[full] = module
            exec(archive.read(f"recbole/evaluator/{name}.py"), module.__dict__)
    return sys.modules["recbole.evaluator.metrics"]


recbole = load(sys.argv[1])
config = {"metric_decimal_place": 12, "topk": [10]}
CUTOFFS = (1, 3, 10)

with open("metrics.csv", "w") as out:
    out.write("scores,relevant,masked,auc,sklearn_ndcg@10," +
              ",".join(f"{name}@{k}" for name in ("hit", "mrr", "map", "recall", "ndcg", "precision") for k in CUTOFFS) + "\n")
    random = np.random.default_rng(20)
    for case in range(150):
        items = int(random.integers(13, 25))
        ties = case % 3 == 0
        scores = random.integers(0, 6, items) if ties else random.permutation(items)
        order = random.permutation(items)
        masked = np.sort(order[: random.integers(0, 3)])
        relevant = np.sort(order[len(masked) : len(masked) + random.integers(1, 12 if case % 5 == 0 else 5)])
        candidates = np.setdiff1d(np.arange(items), masked)
        ranked = candidates[np.lexsort((candidates, -scores[candidates]))][:10]
        positions = np.isin(ranked, relevant)[None, :]
        length = np.array([len(relevant)])
        truth = np.isin(candidates, relevant)
        both = truth.any() and not truth.all()
        row = [" ".join(map(str, part)) for part in (scores, relevant, masked)]
        row.append(repr(float(roc_auc_score(truth, scores[candidates]))) if both else "0.5")
        row.append("" if ties else repr(float(ndcg_score([truth.astype(int)], [scores[candidates]], k=10))))
        for name in ("Hit", "MRR", "MAP", "Recall", "NDCG", "Precision"):
            metric = getattr(recbole, name)(config)
            needs_length = name in ("MAP", "Recall", "NDCG")
            values = metric.metric_info(positions, length) if needs_length else metric.metric_info(positions)
            row += [repr(float(values[0, k - 1])) for k in CUTOFFS]
        out.write(",".join(row) + "\n")

with open("lists.csv", "w") as out:
    out.write("items,lists,train_counts,item_coverage,gini,popularity\n")
    random = np.random.default_rng(21)
    for case in range(20):
        items, users, k = int(random.integers(8, 30)), int(random.integers(1, 15)), int(random.integers(1, 6))
        weights = random.dirichlet(np.full(items, 0.3)) + 1e-6
        lists = np.array([random.choice(items, k, replace=False, p=weights / weights.sum()) for _ in range(users)])
        counts = random.integers(0, 50, items)
        coverage = recbole.ItemCoverage(config).get_coverage(lists, items)
        gini = recbole.GiniIndex(config).get_gini(lists, items)
        popularity = recbole.AveragePopularity(config)
        popularity = popularity.metric_info(popularity.get_pop(lists, dict(enumerate(counts))))[:, k - 1].mean()
        out.write(f"{items},{' '.join(';'.join(map(str, one)) for one in lists)},{' '.join(map(str, counts))},"
                  f"{float(coverage)!r},{float(gini)!r},{float(popularity)!r}\n")
