"""One table of what bench_cuda and torch_cuda.py measured; needs Python alone.

    python summary.py bench_cuda.json [torch_cuda.json]

Convolutions are geometric means over their shapes. Ratios are the peer's time over ours: above 1 we are faster.
"""
import json
import math
import pathlib
import sys


def mean(values):
    values = [value for value in values if value]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def cell(value, form):
    return "-" if value is None else form.format(value)


def line(case, shape, numbers, time, rate, share, peer, theirs, torch_time, torch_ratio):
    print(f"{case:32} {shape:28} {numbers:8} {cell(time, '{:.1f}'):>9} {rate:>16} {cell(share, '{:.0%}'):>6} "
          f"{cell(theirs, '{:.2f}') + (' ' + peer if peer else ''):>16} {cell(torch_time, '{:.1f}'):>9} "
          f"{cell(torch_ratio, '{:.2f}'):>8}")


def main():
    ours = json.loads(pathlib.Path(sys.argv[1]).read_text())
    other = json.loads(pathlib.Path(sys.argv[2]).read_text()) if len(sys.argv) > 2 else {"peer": "no PyTorch", "results": []}
    theirs = {(each["name"], each["shape"], each["precision"]): each["microseconds"] for each in other["results"]}
    ceilings = ours["ceilings"]
    rates = ", ".join(f"{name} {ceilings[name] * 1e-12:.1f}" for name in ("float32", "tf32", "bf16"))
    print(f"{ours['device']}, {ours['date']}, {other['peer']}; copy {ceilings['copy'] * 1e-9:.0f} GB/s, "
          f"cuBLAS {rates} TFLOP/s")
    print(f"{'case':32} {'shape':28} {'numbers':8} {'us':>9} {'rate':>16} {'share':>6} {'ratio':>16} {'PyTorch':>9} "
          f"{'ratio':>8}")
    groups = {}
    for each in ours["results"]:
        if "conv2d_" in each["name"]:
            batch = each["numbers"]["images"]
            groups.setdefault((each["name"], batch, each["precision"], each["peer"]), []).append(each)
            continue
        torch_time = theirs.get((each["name"], each["shape"], each["precision"]))
        line(each["name"], each["shape"], each["precision"], each["microseconds"],
             f"{each['rate']:.0f} {each['unit']}", each["share"], "", None, torch_time,
             torch_time / each["microseconds"] if torch_time else None)
    merged = {}
    for (name, batch, precision, peer), rows in groups.items():
        entry = merged.setdefault((name, batch, precision), {"rows": [], "peer": ""})
        entry["rows"] += rows
        entry["peer"] = entry["peer"] or peer
    for (name, batch, precision), entry in merged.items():
        rows = entry["rows"]
        ratios = [row["peer_microseconds"] and row["peer_microseconds"] / row["microseconds"] for row in rows]
        torch_ratios = [theirs[key] / row["microseconds"] for row in rows
                        if (key := (row["name"], row["shape"], row["precision"])) in theirs]
        line(name, f"mean of {len(rows)} shapes, n{batch}", precision, None,
             f"{mean([row['rate'] for row in rows]):.3g} TFLOP/s", mean([row["share"] for row in rows]), entry["peer"],
             mean(ratios), None, mean(torch_ratios))


if __name__ == "__main__":
    main()
