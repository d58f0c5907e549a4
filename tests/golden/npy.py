#!/usr/bin/env python3
"""Writes npy.tsv: small .npy files as NumPy writes them. Columns: name, what the reader makes of it (ok or refused), type,
shape, values in C order, the file's bytes in hexadecimal. Run with NumPy installed:  python3 npy.py > npy.tsv
"""
import io
import sys

import numpy as np
from numpy.lib import format as npy

rows = []


def add(name, array, version=(1, 0), outcome="ok"):
    buffer = io.BytesIO()
    npy.write_array(buffer, array, version=version, allow_pickle=True)
    values = "" if outcome == "refused" else " ".join(repr(x.item()) for x in np.ravel(array, order="C"))
    rows.append([name, outcome, array.dtype.str, " ".join(map(str, array.shape)), values, buffer.getvalue().hex()])


ramp = np.arange(6)
for code in ["<f4", "<f8", "<i4", "<i8", "|u1"]:
    for version in [(1, 0), (2, 0), (3, 0)]:
        add(f"{code[1:]}-v{version[0]}", (ramp * 3 + 1).reshape(2, 3).astype(code), version)
add("fortran-2", np.asfortranarray(np.arange(6, dtype="<f4").reshape(2, 3)))
add("fortran-3", np.asfortranarray(np.arange(24, dtype="<i4").reshape(2, 3, 4)))
add("fortran-4", np.asfortranarray(np.arange(36, dtype="<i8").reshape(3, 1, 2, 6)), (2, 0))
add("fortran-v3", np.asfortranarray(np.arange(4, dtype="<f8").reshape(2, 2)), (3, 0))
add("rank-0", np.array(2.5, dtype="<f4"))
add("rank-1", np.array([1.5, -2.5], dtype="<f8"))
add("rank-5", np.arange(8, dtype="|u1").reshape(2, 1, 2, 1, 2))
add("empty-1", np.zeros((0,), dtype="<f4"))
add("empty-rows", np.zeros((0, 7), dtype="<f4"))
add("empty-columns", np.zeros((7, 0), dtype="<i8"))
add("empty-fortran", np.asfortranarray(np.zeros((3, 0, 2), dtype="<f4")))
add("special", np.array([np.inf, -np.inf, np.nan, -0.0, 1e-45, 3.4028235e38], dtype="<f4"))
add("extreme-i8", np.array([-(2**63), 2**63 - 1], dtype="<i8"))
add("big-f4", np.arange(3).astype(">f4"), outcome="refused")
add("big-i8", np.arange(3).astype(">i8"), outcome="refused")
add("half", np.arange(3).astype("<f2"), outcome="refused")
add("unsigned", np.arange(3).astype("<u4"), outcome="refused")
add("signed-byte", np.arange(3).astype("|i1"), outcome="refused")
add("bool", np.array([True, False]), outcome="refused")
add("complex", np.array([1 + 2j]), outcome="refused")
add("unicode", np.array(["ab", "c"]), outcome="refused")
add("bytes", np.array([b"ab", b"c"]), outcome="refused")
add("object", np.array([{"a": 1}, None], dtype=object), outcome="refused")
add("record", np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f4")]), outcome="refused")
add("datetime", np.array(["2020-01-01"], dtype="<M8[D]"), outcome="refused")

sys.stdout.write("name\toutcome\ttype\tshape\tvalues\thex\n")
for row in rows:
    sys.stdout.write("\t".join(row) + "\n")
