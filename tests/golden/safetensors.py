# Makes safetensors.tsv: files that the reference implementation writes, what it says of damaged ones, and what numbers of 16
# bits are as floats. Columns: name, outcome (ok or refused), bytes in hexadecimal.
# With arguments, files to read: python safetensors.py FILE... prints the tensors of each.
# Run with Python that has torch and safetensors (not from this folder's own name: python -P safetensors.py).
import json
import struct
import sys

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save

if len(sys.argv) > 1:
    for path in sys.argv[1:]:
        for name, tensor in sorted(load_file(path).items()):
            print(path, repr(name), tensor.dtype, tuple(tensor.shape), tensor.flatten()[:4].tolist())
    sys.exit()

rows = []


def add(name, data):
    try:
        load(data)
        outcome = "ok"
    except (SafetensorError, ValueError, OverflowError, RuntimeError, UnicodeDecodeError):
        outcome = "refused"
    rows.append((name, outcome, data.hex()))


def arange(dtype, *shape):
    count = 1
    for size in shape:
        count *= size
    return (torch.arange(count) % 2).to(dtype).reshape(shape) if dtype == torch.bool else (torch.arange(count) - 1 if dtype.is_signed else torch.arange(count)).to(dtype).reshape(shape)


T = torch
types = [T.float64, T.float32, T.float16, T.bfloat16, T.int64, T.int32, T.int16, T.int8, T.uint64, T.uint32, T.uint16, T.uint8, T.bool]
add("all-types", save({str(t)[6:]: arange(t, 2, 3) for t in types}))
add("metadata", save({"w": arange(T.float32, 3), "b": arange(T.float32, 2)}, {"format": "pt"}))
add("shapes", save({"scalar": T.tensor(2.5), "none": T.zeros(0), "hollow": T.zeros(2, 0, 3), "one": T.ones(1, 1, 1, 1, 1)}))
add("names", save({'quote " \\ / \n\t\x01': T.ones(1), "γλώσσα 模型 🎬": T.ones(2), "": T.zeros(1)}))
add("empty", save({}))
halves = T.tensor([0, 1, 2, 0x03FF, 0x0400, 0x3C00, 0x3555, 0x7BFF, 0x8000, 0x8001, 0xBC00, 0xFBFF], dtype=T.int32).to(T.int16)
brains = T.tensor([0, 1, 0x007F, 0x0080, 0x3F80, 0x3EAB, 0x7F7F, 0x8000, 0x8001, 0xBF80, 0xFF7F], dtype=T.int32).to(T.int16)
half, brain = halves.view(T.float16), brains.view(T.bfloat16)
add("halves", save({"half": half, "half.float": half.float(), "brain": brain, "brain.float": brain.float()}))


def raw(header, data=b"", length=None):
    if not isinstance(header, bytes):
        header = json.dumps(header).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def one(shape=[1], offsets=[0, 4], dtype="F32"):
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


four = b"\0\0\0\0"
add("plain", raw(one(), four))
add("padded", raw(json.dumps(one()).encode() + b"   ", four))
add("odd-names", raw(b'{"\\u0041\\uD83C\\uDFAC\\n":{"data_offsets":[0,4],"shape":[ ],"dtype":"F32"}}', four))
add("file-too-short", b"\0\0\0\0\0\0\0")
add("no-header", struct.pack("<Q", 2) + b"{")
add("header-too-large", raw(one(), four, 100_000_001))
add("header-huge", raw(one(), four, 2**64 - 1))
add("not-utf8", raw(b'{"\xff":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', four))
add("not-json", raw(b"{]", b""))
add("list", raw(b"[]"))
add("lenient-leading-blank", raw(b" " + json.dumps(one()).encode(), four))
add("lenient-twice", raw(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', four))
add("trailing-text", raw(json.dumps(one()).encode() + b" {}", four))
add("trailing-bytes", raw(one(), four + b"\0"))
add("missing-bytes", raw(one(), four[:3]))
add("hole", raw(one(offsets=[4, 8]), 2 * four))
add("gap", raw({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}}, 3 * four))
add("overlap", raw({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, four))
add("part-overlap", raw({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, 3 * four))
add("reversed", raw(one(offsets=[4, 0]), four))
add("beyond", raw(one([2], [0, 8]), four))
add("shape-too-large", raw(one([2]), four))
add("shape-too-small", raw(one([0]), four))
add("wraps-to-zero", raw(one([2**32, 2**32], [0, 0])))
add("wraps-to-four", raw(one([2**62 + 1], [0, 4]), four))
add("wraps-then-zero", raw(one([2**40, 2**40, 0], [0, 0])))
add("size-beyond-64-bits", raw(one([2**64], [0, 0])))
add("negative", raw(one([-1]), four))
add("fraction", raw(one([1.0]), four))
add("exponent", raw(b'{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}', four))
add("leading-zero", raw(b'{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}', four))
add("number-as-text", raw(one(["1"]), four))
add("one-offset", raw(one(offsets=[4]), four))
add("three-offsets", raw(one(offsets=[0, 4, 4]), four))
add("unknown-dtype", raw(one(dtype="F33"), four))
add("small-dtype", raw(one(dtype="f32"), four))
add("missing-dtype", raw({"a": {"shape": [1], "data_offsets": [0, 4]}}, four))
add("missing-shape", raw({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, four))
add("missing-offsets", raw({"a": {"dtype": "F32", "shape": [1]}}, four))
add("null", raw({"a": None}))
add("nested", raw({"a": {"a": {"a": {}}}}))
add("deep", raw(b"{" + b'"a":{' * 300 + b"}" * 301))
add("metadata-number", raw({"__metadata__": {"a": 1}}))
add("metadata-nested", raw({"__metadata__": {"a": {}}}))
add("lone-surrogate", raw(b'{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', four))
add("bad-escape", raw(b'{"\\x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', four))
add("control-character", raw(b'{"\n":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', four))
add("trailing-comma", raw(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}', four))
# The reference reads these; a stricter reader need not.
add("lenient-key", raw(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}', four))
add("lenient-tab", raw(json.dumps(one()).encode() + b"\t", four))
add("lenient-bool", raw(one(dtype="BOOL", offsets=[0, 1]), b"\2"))
add("lenient-nan", raw(one(), b"\0\0\xc0\x7f"))

with open(__file__.replace("safetensors.py", "safetensors.tsv"), "w") as out:
    out.write("name\toutcome\tbytes\n")
    for row in rows:
        out.write("\t".join(row) + "\n")
