"""Makes measures.txt: small random worlds and the value of every measure for them, by plain Python from the formulas.

Where a library offers a measure, the value is compared with the library's own (to 1e-12) on the worlds whose lists are full:
RecBole, cornac, ranx, Microsoft's recommenders, scikit-learn. Elliot cannot be installed; its measures follow its formulas.

usage: pip install numpy scipy scikit-learn numba pandas
       pip download --no-deps recbole==1.2.1 cornac ranx recommenders; unzip the four wheels into one folder
       python3 measures.py FOLDER
"""

import math
import pathlib
import sys
import types

import numpy as np
from sklearn.metrics import ndcg_score, roc_auc_score

if not hasattr(np, "float"):
    np.float, np.bool = np.float64, np.bool_  # RecBole uses names that NumPy removed
FOLDER = pathlib.Path(sys.argv[1])
CUTOFFS = (1, 3, 6)


def run(name, path, **names):
    module = types.ModuleType(name)
    sys.modules[name] = module
    module.__dict__.update(names)
    exec((FOLDER / path).read_text(), module.__dict__)
    return module


class kinds:
    RANKING = VALUE = None


for package in ("torch", "recbole", "recbole.utils", "recbole.evaluator", "ranx", "ranx.metrics"):
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = []
sys.modules["recbole.utils"].EvaluatorType = kinds
for part in ("utils", "base_metric"):
    run("recbole.evaluator." + part, f"recbole/evaluator/{part}.py")
recbole = run("recbole.evaluator.metrics", "recbole/evaluator/metrics.py")
cornac = run("cornac_ranking", "cornac/metrics/ranking.py")


def ranx_module(name):
    text = (FOLDER / f"ranx/metrics/{name}.py").read_text().replace("cache=True", "cache=False")
    module = types.ModuleType("ranx.metrics." + name)
    module.__package__ = "ranx.metrics"
    sys.modules[module.__name__] = module
    exec(text, module.__dict__)
    return module


for part in ("common", "hits", "precision"):
    ranx_module(part)
ranx_ndcg, ranx_r_precision = ranx_module("ndcg")._ndcg, ranx_module("r_precision")._r_precision
sys.path.insert(0, str(FOLDER))
import pandas as pd
from recommenders.evaluation import python_evaluation as microsoft


# The formulas. A world is a dictionary; its users are judged where something held out is there.

def ranked(user):
    """Candidates with a score, best first, equal scores by the lower item."""
    order = [(-score, item) for item, score in enumerate(user["scores"]) if item not in user["train"] and score is not None]
    return [item for _, item in sorted(order)]


def log2(x):
    return math.log(x) / math.log(2.0)


def cosine(a, b):
    below = math.sqrt(math.fsum(x * x for x in a) * math.fsum(x * x for x in b))
    return math.fsum(x * y for x, y in zip(a, b)) / below if below > 0 else 0.0


def tails(counts, rule, share):
    everything = range(len(counts))
    if rule == "interactions":
        head, missing = set(), sum(counts) * (1.0 - share)
        for item in sorted(everything, key=lambda item: (-counts[item], item)):
            head.add(item)
            missing -= counts[item]
            if missing <= 0:
                break
        return set(everything) - head
    known = sorted((item for item in everything if counts[item] > 0), key=lambda item: (counts[item], item))
    return set(known[: max(int(len(known) * share), 1)])


def of_user(world, user, k):
    whole = ranked(user)
    full, truth, values = whole[:k], set(user["held"]), dict(zip(user["held"], user["values"]))
    counts, total = world["counts"], sum(world["counts"])
    candidates = world["items"] - len(user["train"])
    hits = [item in truth for item in full]
    found, best = sum(hits), min(k, len(truth))
    d = [1 / log2(i + 2) for i in range(world["items"])]
    recall, precision = found / len(truth), found / k
    rarest = min(count for count in counts if count > 0)
    surprise = [-log2((count or rarest) / total) for count in counts]
    known = [count / sum(1 for one in world["users"] if one["train"]) for count in counts]

    def graded(gain):
        ideal = sorted((gain(value) for value in values.values()), reverse=True)[:k]
        below = math.fsum(g * w for g, w in zip(ideal, d))
        return math.fsum(gain(values[item]) * d[i] for i, item in enumerate(full) if hits[i]) / below if below > 0 else 0.0

    pairs = [cosine(world["vectors"][a], world["vectors"][b]) for i, a in enumerate(full) for b in full[:i]]
    unlike = lambda item: 1 - (math.fsum(cosine(world["vectors"][item], world["vectors"][past]) for past in user["train"]) /
                               len(user["train"]) if user["train"] else 0.0)
    mean = lambda numbers: math.fsum(numbers) / len(full) if full else 0.0
    weighted = lambda values: math.fsum(values[item] * d[i] for i, item in enumerate(full) if hits[i]) / math.fsum(d[:len(full)]) if full else 0.0
    return {
        "recall": recall,
        "precision": precision,
        "f1": 2 * found / (k + len(truth)),
        "accuracy": (candidates - (len(full) - found) - (len(truth) - found)) / candidates,
        "hit_rate": float(found > 0),
        "ndcg": math.fsum(d[i] for i, hit in enumerate(hits) if hit) / math.fsum(d[:best]),
        "ndcg_linear": graded(lambda value: max(value, 0.0)),
        "ndcg_exponential": graded(lambda value: 2.0 ** max(value, 0.0) - 1),
        "mrr": 1 / (hits.index(True) + 1) if found else 0.0,
        "ncrr": math.fsum(1 / (i + 1) for i, hit in enumerate(hits) if hit) / math.fsum(1 / (i + 1) for i in range(best)),
        "map": math.fsum(sum(hits[: i + 1]) / (i + 1) for i, hit in enumerate(hits) if hit) / best,
        "average_recall": math.fsum(sum(hits[:n]) / len(truth) for n in range(1, k + 1)) / k,
        "popularity": mean([float(counts[item]) for item in full]),
        "novelty": mean([surprise[item] for item in full]),
        "efd": weighted(surprise),
        "epc": weighted([1 - share for share in known]),
        "tail_share": mean([float(item in world["tail"]) for item in full]),
        "tail_count": float(len(world["tail"] & set(full))),
        "list_length": float(len(full)),
        "diversity": 1 - math.fsum(pairs) / len(pairs) if pairs else 0.0,
        "serendipity": mean([unlike(item) for i, item in enumerate(full) if hits[i]]),
    }


def without_cutoff(world, user):
    whole, truth = ranked(user), set(user["held"])
    others = set(range(world["items"])) - truth - set(user["train"])
    key = lambda item: (1, user["scores"][item]) if user["scores"][item] is not None else (0, 0)
    wins = [1.0 if key(a) > key(b) else 0.5 if key(a) == key(b) else 0.0 for a in truth for b in others]
    return {"r_precision": len(truth & set(whole[: len(truth)])) / len(truth),
            "auc": math.fsum(wins) / len(wins) if wins else 0.5}


def of_all(world, users, k):
    lists = [ranked(user)[:k] for user in users]
    times = [sum(item in one for one in lists) for item in range(world["items"])]
    entries, items = sum(times), world["items"]
    rising = sorted(times)

    def unequal(found, of):
        if min(of) == 0 or sum(found) == 0:
            return 0.0
        p = [a / b for a, b in zip(found, of)]
        return float(np.std(p) / np.mean(p))

    groups = [world["tail"], set(range(items)) - world["tail"]]
    return {
        "item_coverage": sum(t > 0 for t in times) / items,
        "user_coverage": sum(len(one) == k for one in lists) / len(lists),
        "gini": math.fsum((2 * i - items - 1) * t for i, t in enumerate(rising, 1)) / (items * entries) if entries else 0.0,
        "entropy": -math.fsum(t / entries * log2(t / entries) for t in times if t),
        "pop_reo": unequal([sum(len(g & set(one) & set(u["held"])) for one, u in zip(lists, users)) for g in groups],
                           [sum(len(g & set(u["held"])) for u in users) for g in groups]),
        "pop_rsp": unequal([sum(len(g & set(one)) for one in lists) for g in groups],
                           [sum(len(g - set(u["train"])) for u in users) for g in groups]),
    }


# The libraries, on worlds whose lists are full.

def near(ours, theirs, what):
    assert abs(ours - theirs) < 1e-12 * max(1, abs(theirs)), (what, ours, theirs)
    compared[what] = compared.get(what, 0) + 1


compared = {}


def compare(world, users, k):
    mine = [of_user(world, user, k) for user in users]
    mean = lambda name: math.fsum(one[name] for one in mine) / len(mine)
    lists = np.array([ranked(user)[:k] for user in users])
    config = {"metric_decimal_place": 15, "topk": [k], "tail_ratio": world["share"]}
    lengths = np.array([len(user["held"]) for user in users])
    positions = np.array([[item in user["held"] for item in one] for user, one in zip(users, lists)])
    for name, cls, arguments in (("recall", "Recall", (positions, lengths)), ("precision", "Precision", (positions,)),
                                 ("hit_rate", "Hit", (positions,)), ("mrr", "MRR", (positions,)),
                                 ("map", "MAP", (positions, lengths)), ("ndcg", "NDCG", (positions, lengths))):
        theirs = getattr(recbole, cls)(config).metric_info(*arguments)[:, k - 1]
        for ours, value in zip(mine, theirs):
            near(ours[name], float(value), "recbole " + cls)
    counts = {item: count for item, count in enumerate(world["counts"]) if count}
    everything = of_all(world, users, k)
    popular = recbole.AveragePopularity(config)
    near(mean("popularity"), popular.metric_info(popular.get_pop(lists, counts))[:, k - 1].mean(), "recbole AveragePopularity")
    near(everything["item_coverage"], recbole.ItemCoverage(config).get_coverage(lists, world["items"]), "recbole ItemCoverage")
    near(everything["gini"], recbole.GiniIndex(config).get_gini(lists, world["items"]), "recbole GiniIndex")
    near(everything["entropy"] * math.log(2) / len(np.unique(lists)), recbole.ShannonEntropy(config).get_entropy(lists), "recbole ShannonEntropy")
    if world["rule"] == "items":
        tail = recbole.TailPercentage(config)
        near(mean("tail_share"), tail.metric_info(tail.get_tail(lists, counts))[:, k - 1].mean(), "recbole TailPercentage")
    for user, one, ours in zip(users, lists, mine):
        near(ours["ncrr"], float(cornac.NCRR(k).compute(np.array(user["held"]), one)), "cornac NCRR")
        # ranx wants the relevant items by decreasing value for the ideal list, and sorted by item for nothing else.
        truth = sorted(zip(user["held"], user["values"]), key=lambda pair: -pair[1])
        truth = np.array(truth, dtype=np.float64)
        if min(user["values"]) >= 1:
            listed = np.array([(item, 0) for item in ranked(user)], dtype=np.float64)
            near(ours["ndcg_linear"], ranx_ndcg(truth, listed, k, 1, True), "ranx ndcg")
            near(ours["ndcg_exponential"], ranx_ndcg(truth, listed, k, 1, False), "ranx ndcg_burges")
            if len(listed) >= len(truth):
                near(without_cutoff(world, user)["r_precision"], ranx_r_precision(truth, listed, 1), "ranx r-precision")
        candidates = [item for item in range(world["items"]) if item not in user["train"]]
        scores = [user["scores"][item] for item in candidates]
        flags = [int(item in user["held"]) for item in candidates]
        if 0 < sum(flags) < len(flags):
            near(without_cutoff(world, user)["auc"], float(roc_auc_score(flags, scores)), "scikit-learn roc_auc_score")
        if len(set(scores)) == len(scores):
            gains = [dict(zip(user["held"], user["values"])).get(item, 0.0) for item in candidates]
            if max(gains) > 0:
                near(ours["ndcg_linear"], float(ndcg_score([gains], [scores], k=k)), "scikit-learn ndcg_score, graded")
            near(ours["ndcg"], float(ndcg_score([flags], [scores], k=k)), "scikit-learn ndcg_score")
    # Microsoft's: only users with a history, items with interactions, lists of two or more.
    past = pd.DataFrame([(u, item) for u, user in enumerate(world["users"]) for item in user["train"]], columns=["userID", "itemID"])
    made = pd.DataFrame([(u, int(item), float(item in user["held"])) for u, (user, one) in enumerate(zip(users, lists)) for item in one],
                        columns=["userID", "itemID", "relevance"])
    if users != world["users"]:
        return
    if all(world["counts"][item] for item in lists.flat):
        item_novelty = microsoft.historical_item_novelty(past, made).set_index("itemID")["item_novelty"]
        near(mean("novelty"), float(np.mean([item_novelty[item] for item in lists.flat])), "microsoft novelty")
    times = made.groupby("itemID").size() / len(made)
    features = pd.DataFrame({"itemID": range(world["items"]), "features": [np.array(v) for v in world["vectors"]]})
    if k >= 2 and world["plain_vectors"]:
        theirs = microsoft.user_diversity(past, made[["userID", "itemID"]], features, "item_feature_vector")
        for u, value in zip(theirs["userID"], theirs["user_diversity"]):
            near(mine[u]["diversity"], value, "microsoft user_diversity")
    if world["plain_vectors"] and all(user["train"] for user in users):
        theirs = microsoft.user_serendipity(past, made, features, "item_feature_vector", col_relevance="relevance")
        for u, value in zip(theirs["userID"], theirs["user_serendipity"]):
            near(mine[u]["serendipity"], value, "microsoft user_serendipity")
    near(everything["entropy"], float(-(times * np.log2(times)).sum()), "microsoft distributional_coverage, its formula")
    aucs = [without_cutoff(world, user)["auc"] for user in users]
    if all(len(set(user["scores"])) == world["items"] for user in users):
        sums, sizes = [], []
        for user in users:
            whole = ranked(user)
            sums.append(sum(whole.index(item) + 1 for item in user["held"]))
            sizes.append(len(whole))
        theirs = recbole.GAUC(config).metric_info(np.array(sums, float), np.array(sizes), lengths)
        if all(size > length for size, length in zip(sizes, lengths)):
            near(sum(a * n for a, n in zip(aucs, lengths)) / lengths.sum(), float(theirs), "recbole GAUC")


random = np.random.default_rng(30)
with open(pathlib.Path(__file__).with_name("measures.txt"), "w") as out:
    for number in range(60):  # all are compared with the libraries, half of them are written
        write = out.write if number < 30 else (lambda text: None)
        items, ties, gaps = int(random.integers(14, 24)), number % 3 == 0, number % 4 == 1
        world = {"items": items, "users": [], "rule": "items" if number % 2 else "interactions",
                 "share": float(random.choice([0.1, 0.2, 0.35])), "plain_vectors": number % 5 != 0}
        world["vectors"] = (random.integers(-8, 9, (items, 3)) / 4.0).tolist()
        for vector in world["vectors"]:
            if not any(vector):
                vector[0] = 1.0
        if not world["plain_vectors"]:
            world["vectors"][2] = [0.0, 0.0, 0.0]
        for _ in range(int(random.integers(2, 7))):
            order = [int(item) for item in random.permutation(items)]
            seen, held = int(random.integers(0 if gaps else 1, 6)), int(random.integers(1, 9 if number % 7 == 0 else 5))
            scores = [int(s) for s in (random.integers(0, 7, items) if ties else random.permutation(items))]
            if gaps:
                scores = [None if random.random() < 0.55 else s for s in scores]
            values = [float(v) for v in (random.integers(0 if number % 6 == 2 else 1, 6, held) if number % 2 else np.ones(held))]
            held = sorted(order[seen : seen + held])
            world["users"].append({"train": sorted(order[:seen]), "held": held, "values": values, "scores": scores})
        world["users"][0]["train"] = world["users"][0]["train"] or [next(i for i in range(items) if i not in world["users"][0]["held"])]
        world["counts"] = [sum(item in user["train"] for user in world["users"]) for item in range(items)]
        world["tail"] = tails(world["counts"], world["rule"], world["share"])
        text = lambda values: " ".join("nan" if value is None else repr(value) for value in values)
        write(f"world {items} {world['rule']} {world['share']!r}\n")
        for vector in world["vectors"]:
            write(f"vector {text(vector)}\n")
        for user in world["users"]:
            write(f"train {text(user['train'])}\nheld {text(user['held'])}\nvalues {text(user['values'])}\n"
                      f"scores {text(user['scores'])}\n")
        for k in CUTOFFS:
            rows = [of_user(world, user, k) for user in world["users"]]
            for name in rows[0]:
                write(f"users {name}@{k} {text([float(row[name]) for row in rows])}\n")
            for name, value in of_all(world, world["users"], k).items():
                write(f"all {name}@{k} {float(value)!r}\n")
            if not gaps:
                compare(world, world["users"], k)
        rows = [without_cutoff(world, user) for user in world["users"]]
        for name in rows[0]:
            write(f"users {name} {text([row[name] for row in rows])}\n")
        sizes = [len(user["held"]) for user in world["users"]]
        write(f"all gauc {sum(row['auc'] * n for row, n in zip(rows, sizes)) / sum(sizes)!r}\n")

for what, count in sorted(compared.items()):
    print(f"{count:5} values equal those of {what}")
