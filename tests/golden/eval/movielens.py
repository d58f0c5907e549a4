"""Prints the reference numbers of tests/eval/movielens_test.cpp: the protocols and models spelt out in NumPy, float64.
usage: python3 movielens.py FOLDER_OF_ML_100K"""

import sys

import numpy as np

USERS, ITEMS = 943, 1682
rows = np.loadtxt(sys.argv[1] + "/u.data", dtype=np.int64)
history = [[] for _ in range(USERS)]
for user, item, _, time in rows:
    history[user - 1].append((time, item - 1))
for one in history:
    one.sort()


def split(held):
    """Train matrix and test items; `held` says how many of n each held-out part takes."""
    train, test = np.zeros((USERS, ITEMS)), []
    for user, events in enumerate(history):
        n, k = len(events), held(len(events))
        train[user, [item for _, item in events[: n - 2 * k]]] = 1
        test.append({item for _, item in events[n - k :]} if k else set())
    return train, test


def popularity(train):
    return np.tile(train.sum(0), (USERS, 1))


def item_knn(train, neighbours):
    """Each item of the history contributes its most similar items, equal similarities by the lower item id."""
    together = train.T @ train
    counts = np.diag(together)
    # Rounded, so that similarities that are equal stay equal: without it the last bit decides between neighbours, and
    # NDCG@20 of the last 10 % wanders between .11113 and .1112.
    cosine = np.round(together / np.sqrt(np.maximum(np.outer(counts, counts), 1)), 12)
    np.fill_diagonal(cosine, 0)
    kept = np.zeros_like(cosine)
    for item in range(ITEMS):
        best = np.lexsort((np.arange(ITEMS), -cosine[item]))[:neighbours]
        kept[item, best] = cosine[item, best]
    return train @ kept


def ease(train, regularization):
    inverse = np.linalg.inv(train.T @ train + regularization * np.eye(ITEMS))
    weights = np.eye(ITEMS) - inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(weights, 0)
    return train @ weights


def report(name, scores, train, test):
    recall = {10: [], 20: []}
    ndcg = {10: [], 20: []}
    for user in range(USERS):
        if not test[user]:
            continue
        own = np.where(train[user] > 0, -np.inf, scores[user])
        ranked = np.lexsort((np.arange(ITEMS), -own))
        for k in (10, 20):
            hits = np.array([item in test[user] for item in ranked[:k]])
            discounts = 1 / np.log2(np.arange(2, k + 2))
            recall[k].append(hits.sum() / len(test[user]))
            ndcg[k].append((hits * discounts).sum() / discounts[: min(k, len(test[user]))].sum())
    values = [np.mean(values[k]) for values in (recall, ndcg) for k in (10, 20)]
    print(f"{name:28s} recall@10 {values[0]:.7f} recall@20 {values[1]:.7f} ndcg@10 {values[2]:.7f} ndcg@20 {values[3]:.7f}")


for protocol, held, neighbours, regularization in (("leave-last-out", lambda n: 1, 10, 50), ("last 10 %", lambda n: round(0.1 * n), 400, 500)):
    train, test = split(held)
    report(protocol + " TopPop", popularity(train), train, test)
    report(f"{protocol} ItemKNN {neighbours}", item_knn(train, neighbours), train, test)
    report(f"{protocol} EASE {regularization}", ease(train, regularization), train, test)
