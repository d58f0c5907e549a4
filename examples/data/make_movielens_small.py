#!/usr/bin/env python3
"""Makes examples/data/movielens-small from a folder that holds MovieLens latest-small and trailer features as text.

    python3 make_movielens_small.py SOURCE [TARGET]

SOURCE holds ratings.csv, movies.csv, tags.csv and README-MovieLens.txt as GroupLens distributes them, and
audio_ivector100.tsv and trailer_avf107.tsv: a header line, then a movieId and its numbers on each line, split by tabs.

The tables are copied byte for byte (ratings.csv and movies.csv have CRLF line ends, tags.csv has LF). The features become
NAME.npy (float32, one row a film) and NAME_ids.npy (int32, the movieId of each row). Nothing is repaired: infinities and
constant columns are as in the source. Needs nothing but Python's standard library.
"""
import array
import math
import pathlib
import shutil
import struct
import sys

TABLES = ["ratings.csv", "movies.csv", "tags.csv", "README-MovieLens.txt"]
FEATURES = ["audio_ivector100", "trailer_avf107"]


def write_npy(path, kind, shape, values):
    """Version 1.0 of the .npy format, little-endian, C order."""
    code = {"<f4": "f", "<i4": "i"}[kind]
    numbers = array.array(code, values)
    assert numbers.itemsize == 4
    if sys.byteorder == "big":
        numbers.byteswap()
    shape_text = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape_text)
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("ascii") + numbers.tobytes())


def convert(source, target, name):
    lines = (source / (name + ".tsv")).read_text(encoding="utf-8").splitlines()
    width = len(lines[0].split("\t")) - 1
    ids, values = [], []
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split("\t")
        if len(fields) != width + 1:
            raise SystemExit(f"{name}.tsv:{number}: {len(fields)} fields, {width + 1} wanted")
        ids.append(int(fields[0]))
        values.extend(map(float, fields[1:]))
    if len(set(ids)) != len(ids):
        raise SystemExit(f"{name}.tsv: a movieId appears twice")
    write_npy(target / (name + ".npy"), "<f4", (len(ids), width), values)
    write_npy(target / (name + "_ids.npy"), "<i4", (len(ids),), ids)
    columns = [values[column::width] for column in range(width)]
    constant = [column for column, numbers in enumerate(columns) if len(set(numbers)) == 1]
    non_finite = sum(not math.isfinite(value) for value in values)
    print(f"{name}: {len(ids)} films x {width}, {non_finite} numbers not finite, constant columns {constant}")


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    source = pathlib.Path(sys.argv[1])
    target = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else pathlib.Path(__file__).resolve().parent / "movielens-small"
    target.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        shutil.copyfile(source / name, target / name)
    for name in FEATURES:
        convert(source, target, name)


if __name__ == "__main__":
    main()
