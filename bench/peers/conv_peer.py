"""Convolution layers against PyTorch: inference, and a forward pass with both gradients.

PyTorch runs each layer in both of its layouts, with input and weights in that layout already; the summary takes the faster
one for each layer. `plain` leaves our weights as they are, `packed` brings them into our own order beforehand, as inference
with fixed weights does; `train` includes neither. The gradient of the loss is the output itself.
"""
import peer  # first: sets the environment of the BLAS libraries

import math

import numpy as np
import torch

RESNET = [("7x7/2 3>64@224", 3, 64, 224, 7, 2), ("3x3 64>64@56", 64, 64, 56, 3, 1), ("3x3 128>128@28", 128, 128, 28, 3, 1),
          ("3x3 256>256@14", 256, 256, 14, 3, 1), ("3x3 512>512@7", 512, 512, 7, 3, 1), ("3x3/2 64>128@56", 64, 128, 56, 3, 2),
          ("1x1 64>256@56", 64, 256, 56, 1, 1), ("1x1 256>64@56", 256, 64, 56, 1, 1), ("1x1 512>128@28", 512, 128, 28, 1, 1),
          ("1x1 1024>256@14", 1024, 256, 14, 1, 1), ("1x1 2048>512@7", 2048, 512, 7, 1, 1)]
SMALL = [("3x3 3>32@32", 3, 32, 32, 3, 1), ("3x3 32>64@32", 32, 64, 32, 3, 1), ("3x3 64>128@16", 64, 128, 16, 3, 1)]


def check_of(tensor):
    """As in conv_ours.cpp: magnitudes of 64 elements, in our order."""
    flat = tensor.detach().contiguous().numpy().ravel()
    return float(np.abs(flat[np.arange(64) * (flat.size - 1) // 63]).sum(dtype=np.float64))


def layer(arguments, folder, images, name, channels, out_channels, size, kernel, stride, summary, group):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(images, channels, size, size, generator=generator)
    w = torch.randn(out_channels, channels, kernel, kernel, generator=generator) / math.sqrt(channels * kernel * kernel)
    x.permute(0, 2, 3, 1).contiguous().numpy().tofile(folder / "x.f32")
    w.permute(2, 3, 1, 0).contiguous().numpy().tofile(folder / "w.f32")

    def ours(mode):
        return ["conv_ours", mode, folder / "x.f32", folder / "w.f32", images, channels, size, out_channels, kernel, stride]

    ratios = {}
    for layout, form in (("nchw", torch.contiguous_format), ("nhwc", torch.channels_last)):
        module = torch.nn.Conv2d(channels, out_channels, kernel, stride, kernel // 2, bias=False)
        module.weight.data = w.clone()
        module = module.to(memory_format=form)
        input = x.contiguous(memory_format=form)

        def forward():
            with torch.inference_mode():
                return module(input)

        needs = channels > 3
        leaf = input.clone(memory_format=torch.preserve_format).requires_grad_(needs)

        def train():
            module.weight.grad = None
            leaf.grad = None
            output = module(leaf)
            output.backward(output.detach())

        train()
        checks = {"plain": check_of(forward().permute(0, 2, 3, 1)), "train": check_of(module.weight.grad.permute(2, 3, 1, 0))}
        checks["packed"] = checks["plain"]
        for mode, work in (("plain", forward), ("packed", forward), ("train", train)):
            ratio = peer.compare(f"N={images} {name} {mode} {layout}", arguments, ours(mode),
                                 lambda: (work(), checks[mode])[1], tolerance=1e-3)
            if ratio is not None:
                ratios.setdefault(mode, []).append(ratio)
    for mode, values in ratios.items():
        summary.setdefault((group, mode), []).append(min(values))


def main():
    arguments = peer.arguments(__doc__)
    torch.set_num_threads(peer.threads)
    print(f"# torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, threads {torch.get_num_threads()}")
    summary = {}
    with peer.scratch() as folder:
        for images in (1, 16):
            for group, layers in (("ResNet", RESNET), ("32x32", SMALL)):
                for name, *sizes in layers:
                    layer(arguments, folder, images, name, *sizes, summary, group)
    for (group, mode), values in summary.items():
        mean = math.exp(sum(map(math.log, values)) / len(values))
        print(f"# {group} layers, {mode}, faster layout: geometric mean {mean:.2f}, worst {min(values):.2f} of {len(values)}")


if __name__ == "__main__":
    main()
