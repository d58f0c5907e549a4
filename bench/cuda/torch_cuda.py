"""What bench_cuda has timed, in PyTorch: the same shapes and numbers, read from the file that it wrote.

    python torch_cuda.py --cases bench_cuda.json --json torch_cuda.json [--quick]

Operations run eager, channels last, cuDNN choosing among its algorithms, and are replayed from a CUDA graph as ours are;
what cannot be captured, training steps and the time to an answer run as they are called. Training takes the faster of
both layouts. float32 means without tf32; bf16 stands for bfloat16 tensors, in training for autocast.

The status is 77, and nothing is written, where PyTorch or a device is missing.
"""
import argparse
import json
import math
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
MISSING = 77

try:
    import torch
    import torch.nn.functional as F
except ImportError as missing:
    print(f"skipped: PyTorch is not there ({missing})")
    sys.exit(MISSING)

samples = 41


def random(*shape, dtype=torch.float32, last=False):
    values = torch.rand(*shape, device="cuda") * 2 - 1
    return values.to(dtype, memory_format=torch.channels_last if last else torch.contiguous_format)


def sets_of(numbers):
    """Sets to go round, so that together they are twice as large as the cache; as in harness.cu."""
    cache = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 50 << 20)
    return max(1, min(64, math.ceil(2 * cache / (4 * numbers))))


def device_time(work, sets, capture=True):
    """Median microseconds of device time of work(set)."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for number in range(max(3, sets)):
            work(number % sets)
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        for number in range(4):
            work(number % sets)
        end.record()
    torch.cuda.synchronize()
    about = max(begin.elapsed_time(end) * 1e3 / 4, 0.1)
    calls = math.ceil(min(math.ceil(400 / about), 64) / sets) * sets

    def queue():
        for number in range(calls):
            work(number % sets)

    if capture:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            queue()
        queue = graph.replay
    for _ in range(3):
        queue()
    marks = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(samples)]
    for first, last in marks:
        first.record()
        queue()
        last.record()
    torch.cuda.synchronize()
    return statistics.median(first.elapsed_time(last) for first, last in marks) * 1e3 / calls


def waiting_time(work):
    for _ in range(10):
        work()
        torch.cuda.synchronize()
    times = []
    for _ in range(10 * samples):
        begin = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e6


def convolution(what, images, in_channels, out_channels, size, kernel, stride, padding, precision):
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    out_size = (size + 2 * padding - kernel) // stride + 1
    read, written = images * in_channels * size * size, images * out_channels * out_size * out_size
    sets = sets_of(read + written)
    x = [random(images, in_channels, size, size, dtype=dtype, last=True) for _ in range(sets)]
    w = random(out_channels, in_channels, kernel, kernel, dtype=dtype, last=True)
    if what == "forward":
        return device_time(lambda number: F.conv2d(x[number], w, None, stride, padding), sets)
    dy = [random(images, out_channels, out_size, out_size, dtype=dtype, last=True) for _ in range(sets)]
    wanted = [what == "backward_input", what == "backward_weights", False]
    return device_time(
        lambda number: torch.ops.aten.convolution_backward(dy[number], x[number], w, None, [stride] * 2, [padding] * 2,
                                                           [1, 1], False, [0, 0], 1, wanted), sets)


def elementwise(work, shape, inputs):
    """work(tensors of one set)."""
    numbers = math.prod(shape)
    sets = sets_of((inputs + 1) * numbers)
    given = [[random(*shape) for _ in range(inputs)] for _ in range(sets)]
    return device_time(lambda number: work(*given[number]), sets)


def batch_norm(images, size, channels, backward):
    sets = sets_of((3 if backward else 2) * images * size * size * channels)
    shape = (images, channels, size, size)
    x = [random(*shape, last=True) for _ in range(sets)]
    gamma, beta, mean, variance = (torch.rand(channels, device="cuda") for _ in range(4))
    if not backward:
        return device_time(lambda number: F.batch_norm(x[number], mean, variance, gamma, beta, True, 0.1, 1e-5), sets)
    dy = [random(*shape, last=True) for _ in range(sets)]
    _, kept, inverse = torch.ops.aten.native_batch_norm(x[0], gamma, beta, mean, variance, True, 0.1, 1e-5)
    return device_time(
        lambda number: torch.ops.aten.native_batch_norm_backward(dy[number], x[number], gamma, mean, variance, kept, inverse,
                                                                 True, 1e-5, [True] * 3), sets)


def layer_norm(rows, width, backward):
    gamma, beta = torch.rand(width, device="cuda"), torch.rand(width, device="cuda")
    if not backward:
        return elementwise(lambda x: F.layer_norm(x, [width], gamma, beta, 1e-5), (rows, width), 1)
    _, mean, inverse = torch.ops.aten.native_layer_norm(random(rows, width), [width], gamma, beta, 1e-5)
    return elementwise(
        lambda x, dy: torch.ops.aten.native_layer_norm_backward(dy, x, [width], mean, inverse, gamma, beta, [True] * 3),
        (rows, width), 2)


def max_pool(images, size, channels, backward):
    shape = (images, channels, size, size)
    sets = sets_of(2 * images * size * size * channels)
    x = [random(*shape, last=True) for _ in range(sets)]
    if not backward:
        return device_time(lambda number: F.max_pool2d(x[number], 3, 2, 1), sets)
    y, indices = F.max_pool2d(x[0], 3, 2, 1, return_indices=True)
    dy = random(*y.shape, last=True)
    return device_time(
        lambda number: torch.ops.aten.max_pool2d_with_indices_backward(dy, x[number], [3, 3], [2, 2], [1, 1], [1, 1], False,
                                                                       indices), sets)


def adam(count):
    parameter = torch.nn.Parameter(random(count))
    parameter.grad = random(count)
    optimizer = torch.optim.Adam([parameter], fused=True)
    return device_time(lambda _: optimizer.step(), 1, capture=False)


def embedding(count, rows, width, backward):
    ids = [torch.randint(rows, (count,), device="cuda") for _ in range(4)]
    if not backward:
        table = random(rows, width)
        return device_time(lambda number: F.embedding(ids[number % 4], table), 4)
    gradient = torch.zeros(rows, width, device="cuda")
    dy = random(count, width)
    return device_time(lambda number: gradient.index_add_(0, ids[number % 4], dy), 4)


def layouts(quick):
    return [torch.channels_last] if quick else [torch.channels_last, torch.contiguous_format]


def training_step(batch, precision, quick):
    import networks

    def timed(layout):
        net = networks.mini_resnet().cuda().train().to(memory_format=layout)
        pictures = [random(batch, 3, 32, 32).contiguous(memory_format=layout) for _ in range(16)]
        classes = torch.arange(batch, device="cuda") % 10
        optimizer = torch.optim.AdamW(net.parameters(), fused=True)

        def step(number):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
                loss = F.cross_entropy(net(pictures[number]), classes)
            loss.backward()
            optimizer.step()

        return device_time(step, 16, capture=False)

    return min(timed(layout) for layout in layouts(quick))


def inference(name, replayed, quick):
    import networks

    def timed(layout):
        net = getattr(networks, name)().cuda().eval().to(memory_format=layout)
        pictures = [random(1, 3, 32, 32).contiguous(memory_format=layout) for _ in range(16)]
        with torch.inference_mode():
            if replayed:
                return device_time(lambda number: net(pictures[number]), 16)
            return waiting_time(lambda: net(pictures[0]))

    return min(timed(layout) for layout in layouts(quick))


def time_of(name, precision, n, quick):
    """Microseconds of a case, or None where PyTorch has nothing to compare with."""
    if "conv2d_" in name:
        return convolution(name.split("conv2d_")[1], precision=precision, **n)
    simple = {
        "relu_forward": (torch.relu, 1),
        "relu_backward": (lambda y, dy: torch.ops.aten.threshold_backward(dy, y, 0), 2),
        "gelu_forward": (F.gelu, 1),
        "gelu_backward": (lambda x, dy: torch.ops.aten.gelu_backward(dy, x), 2),
        "dropout": (lambda x: F.dropout(x, 0.5, True), 1),
        "softmax_forward": (lambda x: torch.softmax(x, -1), 1),
        "softmax_backward": (lambda y, dy: torch.ops.aten._softmax_backward_data(dy, y, -1, torch.float32), 2),
    }
    if name in simple:
        work, inputs = simple[name]
        return elementwise(work, (n["count"],) if "count" in n else (n["rows"], n["width"]), inputs)
    kind, _, direction = name.rpartition("_")
    if kind in ("batch_norm", "layer_norm", "max_pool", "embedding"):
        return {"batch_norm": batch_norm, "layer_norm": layer_norm, "max_pool": max_pool,
                "embedding": embedding}[kind](**n, backward=direction == "backward")
    if name == "adam":
        return adam(**n)
    if name == "mini_resnet_step":
        return training_step(n["batch"], precision, quick)
    if direction in ("latency", "replayed"):
        return inference(kind, direction == "replayed", quick)
    return None


def main():
    global samples
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", required=True, help="what bench_cuda wrote")
    parser.add_argument("--json", required=True)
    parser.add_argument("--quick", action="store_true", help="11 samples, cuDNN's first choice, one layout")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        print(f"skipped: PyTorch {torch.__version__} sees no CUDA device")
        return MISSING
    samples = 11 if arguments.quick else samples
    torch.backends.cudnn.benchmark = not arguments.quick
    torch.manual_seed(0)
    cases = json.loads(pathlib.Path(arguments.cases).read_text())["results"]
    results, times = [], {}
    for case in cases:
        name, precision, numbers = case["name"], case["precision"], case["numbers"]
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        key = (name.removeprefix("constant_"), precision, tuple(numbers.items()))
        if key not in times:
            try:
                with torch.no_grad() if name != "mini_resnet_step" else torch.enable_grad():
                    times[key] = time_of(name, precision, numbers, arguments.quick)
            except (RuntimeError, TypeError) as refused:
                print(f"# {name} {case['shape']} {precision}: {str(refused).splitlines()[0]}")
                times[key] = None
        if times[key] is None:
            continue
        print(f"{name:32} {case['shape']:28} {precision:8} {times[key]:10.2f} us", flush=True)
        results.append({"name": name, "shape": case["shape"], "precision": precision, "numbers": numbers,
                        "microseconds": times[key]})
    all_results = {"device": torch.cuda.get_device_name(), "peer": f"PyTorch {torch.__version__}", "results": results}
    pathlib.Path(arguments.json).write_text(json.dumps(all_results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
