"""TF-IDF and counts of words against scikit-learn's vectorizers, float32, the same 20 MB corpus for both.

The corpus is synthetic and the same on every machine: 20,000 documents of 30 to 400 words (log-normal), drawn from a Zipf
law over 100,000 words whose lengths are those of English (short words frequent), with capitals, punctuation and a few
accented letters. Needs: numpy, scipy, scikit-learn.
"""
import peer  # first: it sets the environment
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

DOCUMENTS, VOCABULARY, EXPONENT = 20_000, 100_000, 1.05


def corpus(seed):
    """One string for each document."""
    random = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlcumwfgypbvkjxqzéü"))
    odds = 1.0 / np.arange(1, len(letters) + 1) ** 0.7
    odds[-2:] = 0.002 * odds.sum()
    odds /= odds.sum()
    words, seen = [], set()
    while len(words) < VOCABULARY:
        # Frequent words are short: 2 to 4 letters at the head of the list, 8 on average in its tail.
        length = 2 + random.poisson(min(6.5, 0.55 * np.log1p(len(words))))
        word = "".join(random.choice(letters, length, p=odds))
        if word not in seen:
            seen.add(word)
            words.append(word)
    law = np.cumsum(1.0 / np.arange(1, VOCABULARY + 1) ** EXPONENT)
    marks = np.array(["", "", "", "", "", "", "", ",", ".", ";", "\u2019s", ")"])
    documents = []
    for count in np.clip(random.lognormal(5.0, 0.6, DOCUMENTS), 30, 400).astype(int):
        ranks = np.searchsorted(law, random.random(count) * law[-1])
        ends = random.integers(0, len(marks), count)
        pieces = [words[rank] + marks[end] for rank, end in zip(ranks, ends)]
        for place in np.flatnonzero(random.random(count) < 0.08):
            pieces[place] = pieces[place].capitalize()
        documents.append(" ".join(pieces))
    return documents


def main():
    options = peer.arguments(__doc__)
    documents = corpus(seed=11)
    with peer.scratch() as folder:
        path = folder / "corpus.txt"
        path.write_text("\n".join(documents) + "\n", encoding="utf-8")
        size = f"{path.stat().st_size / 1e6:.0f} MB"
        fitted = TfidfVectorizer(dtype=np.float32).fit(documents)
        total = lambda rows: float(rows.data.sum(dtype=np.float64))
        cases = {
            "fit_transform": lambda: total(TfidfVectorizer(dtype=np.float32).fit_transform(documents)),
            "transform": lambda: total(fitted.transform(documents)),
            "count": lambda: total(CountVectorizer(dtype=np.float32).fit_transform(documents)),
            "bigrams": lambda: total(TfidfVectorizer(dtype=np.float32, ngram_range=(1, 2), min_df=2).fit_transform(documents)),
        }
        for name, theirs in cases.items():
            title = "count fit_transform" if name == "count" else f"tfidf {name}"
            peer.compare(f"{title} {size}", options, ours=["tfidf_ours", path, name, peer.threads], theirs=theirs,
                         tolerance=1e-5)


if __name__ == "__main__":
    main()
