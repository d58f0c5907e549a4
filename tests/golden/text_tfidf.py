#!/usr/bin/env python3
"""Writes text_tfidf.txt: scikit-learn's CountVectorizer and TfidfVectorizer (float64) on text_corpus.txt.

Each case is fitted on the first 14 documents and transforms all of them. Lines, fields divided by tabs:
    case NAME / terms TERM... / idf VALUE... / row COLUMN:VALUE...   (one for each document)
"""
import pathlib
import re

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENTS = (HERE / "text_corpus.txt").read_text(encoding="utf-8").split("\n")[:-1]
FITTED = 14
LISTS = (HERE.parent.parent / "include/mmrec/text/detail/stop_lists.hpp").read_text(encoding="utf-8")
ENGLISH = re.findall(r'"([^"]+)"', LISTS.split("english_stop_words", 1)[1].split("}};", 1)[0])
FIXED = ["sea", "map", "поезд", "the", "никогда", "북", "seven"]
assert "the" in ENGLISH and len(ENGLISH) > 200

CASES = {
    "count": CountVectorizer(),
    "count_binary": CountVectorizer(binary=True),
    "count_bigrams": CountVectorizer(ngram_range=(1, 2)),
    "count_trigrams": CountVectorizer(ngram_range=(2, 3)),
    "count_case": CountVectorizer(lowercase=False),
    "count_short": CountVectorizer(token_pattern=r"(?u)\b\w+\b"),
    "count_long": CountVectorizer(token_pattern=r"(?u)\b\w{6,}\b"),
    "count_min_df_2": CountVectorizer(min_df=2),
    "count_max_df_2": CountVectorizer(max_df=2),
    "count_df_ratios": CountVectorizer(min_df=0.1, max_df=0.3),
    "count_features": CountVectorizer(max_features=5),
    "count_binary_features": CountVectorizer(binary=True, max_features=7),
    "count_fixed": CountVectorizer(vocabulary=FIXED),
    "count_stop": CountVectorizer(stop_words=ENGLISH),
    "count_stop_bigrams": CountVectorizer(stop_words=ENGLISH, ngram_range=(1, 2)),
    "count_char": CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), lowercase=False),
    "tfidf": TfidfVectorizer(),
    "tfidf_plain_idf": TfidfVectorizer(smooth_idf=False),
    "tfidf_no_idf": TfidfVectorizer(use_idf=False),
    "tfidf_sublinear": TfidfVectorizer(sublinear_tf=True),
    "tfidf_l1": TfidfVectorizer(norm="l1"),
    "tfidf_unscaled": TfidfVectorizer(norm=None),
    "tfidf_binary": TfidfVectorizer(binary=True),
    "tfidf_binary_features": TfidfVectorizer(binary=True, max_features=7),
    "tfidf_fixed": TfidfVectorizer(vocabulary=FIXED),
    "tfidf_all": TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_df=0.5, smooth_idf=False, sublinear_tf=True, norm="l1"),
}


def main():
    words = CountVectorizer().build_analyzer()
    with open(HERE / "text_tfidf.txt", "w", encoding="utf-8") as file:
        for name, vectorizer in CASES.items():
            documents = DOCUMENTS
            if name == "count_char":  # char_wb divides words at spaces alone
                documents = [" ".join(words(document)) for document in DOCUMENTS]
            vectorizer.fit(documents[:FITTED])
            rows = vectorizer.transform(documents).tocsr()
            rows.sort_indices()
            if name == "count_features":  # scikit-learn's choice among equals is not defined: there must be none
                frequency = np.sort(np.asarray(CountVectorizer().fit_transform(documents[:FITTED]).sum(axis=0)).ravel())
                assert frequency[-5] > frequency[-6], frequency[-8:]
            print("case", name, sep="\t", file=file)
            print("terms", *vectorizer.get_feature_names_out(), sep="\t", file=file)
            if getattr(vectorizer, "use_idf", False):
                print("idf", *(repr(float(value)) for value in vectorizer.idf_), sep="\t", file=file)
            for row in range(rows.shape[0]):
                begin, end = rows.indptr[row], rows.indptr[row + 1]
                entries = (f"{c}:{float(v)!r}" for c, v in zip(rows.indices[begin:end], rows.data[begin:end]))
                print("row", *entries, sep="\t", file=file)


main()
