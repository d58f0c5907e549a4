"""A whole evaluation at Recall@20 and NDCG@20 by full ranking against RecBole's evaluator, beside our search for the lists.

RecBole's own Collector and Evaluator run, from its wheel (pip install --no-deps recbole==1.2.1; recbole.utils, which
needs much more, is replaced by the one name they use). What RecBole's trainer does around them is done here as there: the
scores of a batch of users by one matrix product, history masked with -inf, eval_batch_collect, evaluate. Its batch is a
setting, eval_batch_size, whose default of 4096 scores is one user of a catalogue of this size; both are timed, the default
and what is fastest here. Our side always measures all 19 measures of a list and 6 of all lists.
"""
import peer  # first: sets the environment of the BLAS libraries

import collections
import importlib
import importlib.util
import pathlib
import sys
import types

import numpy as np
import torch

ITEMS, WIDTH, TRAIN, TEST, K = 20_000, 64, 50, 10, 20
BATCH = 256
TOP_K = ["Recall", "NDCG"]
ALL = ["Recall", "MRR", "NDCG", "Hit", "Precision", "MAP", "ItemCoverage", "AveragePopularity", "ShannonEntropy", "GiniIndex",
       "TailPercentage"]


def recbole_evaluator():
    """RecBole's classes without the packages that training needs."""
    found = importlib.util.find_spec("recbole")
    if found is None:
        raise SystemExit("pip install --no-deps recbole==1.2.1")
    folder = pathlib.Path(found.submodule_search_locations[0])
    for name in ("float", "bool"):  # names that NumPy removed
        if name not in np.__dict__:
            setattr(np, name, {"float": np.float64, "bool": np.bool_}[name])
    for name, path in (("recbole", folder), ("recbole.evaluator", folder / "evaluator"), ("recbole.utils", folder / "utils")):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(path)]
    sys.modules["recbole.utils"].EvaluatorType = types.SimpleNamespace(RANKING=1, VALUE=2)
    importlib.import_module("recbole.evaluator.metrics")  # the register looks for it
    from recbole.evaluator.collector import Collector
    from recbole.evaluator.evaluator import Evaluator
    return Collector, Evaluator


def main():
    arguments = peer.arguments(__doc__)
    torch.set_num_threads(peer.threads)
    Collector, Evaluator = recbole_evaluator()
    print(f"# recbole 1.2.1's Collector and Evaluator, torch {torch.__version__}")
    generator = np.random.default_rng(0)
    rows = lambda count, each: torch.arange(count).repeat_interleave(each)
    for users in (2_000, 10_000):
        with peer.scratch() as folder:
            item_rows = generator.standard_normal((ITEMS, WIDTH), dtype=np.float32)
            user_rows = generator.standard_normal((users, WIDTH), dtype=np.float32)
            chosen = np.stack([generator.choice(ITEMS, TRAIN + TEST, replace=False) for _ in range(users)]).astype(np.uint32)
            train, test = np.sort(chosen[:, :TRAIN], axis=1), np.sort(chosen[:, TRAIN:], axis=1)
            for name, values in (("items.f32", item_rows), ("users.f32", user_rows), ("train.u32", train), ("test.u32", test)):
                np.ascontiguousarray(values).tofile(folder / name)
            item_tensor, user_tensor = torch.from_numpy(item_rows), torch.from_numpy(user_rows)
            seen, held = (torch.from_numpy(values.astype(np.int64)) for values in (train, test))
            counts = collections.Counter(train.reshape(-1).tolist())

            def theirs(batch, metrics):
                config = {"metrics": metrics, "topk": [K], "metric_decimal_place": 12, "device": "cpu", "tail_ratio": 0.1,
                          "eval_args": {"mode": {"valid": "full", "test": "full"}}, "eval_type": 1}
                collector, evaluator = Collector(config), Evaluator(config)
                for begin in range(0, users, batch):
                    end = min(users, begin + batch)
                    scores = user_tensor[begin:end] @ item_tensor.T
                    scores[rows(end - begin, TRAIN), seen[begin:end].reshape(-1)] = -np.inf
                    collector.eval_batch_collect(scores, None, rows(end - begin, TEST), held[begin:end].reshape(-1))
                collected = collector.get_data_struct()
                collected.set("data.num_items", ITEMS)
                collected.set("data.count_items", counts)
                found = evaluator.evaluate(collected)
                return found[f"recall@{K}"] + found[f"ndcg@{K}"]

            data = ["evaluate_ours", folder / "items.f32", ITEMS, folder / "users.f32", users, WIDTH, folder / "train.u32", TRAIN,
                    folder / "test.u32", TEST]
            case = lambda what: f"{what}, {users} users"
            peer.compare(case("evaluate"), arguments, data + ["evaluate"], lambda: theirs(BATCH, TOP_K), tolerance=1e-4)
            peer.compare(case("evaluate, default batch"), arguments, data + ["evaluate"],
                         lambda: theirs(max(4096 // ITEMS, 1), TOP_K), tolerance=1e-4)
            peer.compare(case("evaluate, all measures"), arguments, data + ["evaluate"], lambda: theirs(BATCH, ALL), tolerance=1e-4)
            peer.compare(case("evaluate with GAUC"), arguments, data + ["auc"], lambda: theirs(BATCH, TOP_K + ["GAUC"]),
                         tolerance=1e-4)
            peer.compare(case("lists alone"), arguments, data + ["lists"], lambda: theirs(BATCH, TOP_K))


if __name__ == "__main__":
    main()
