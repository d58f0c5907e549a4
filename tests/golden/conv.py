"""Makes conv.csv: convolutions and poolings with their gradients, computed by PyTorch in float64.

A line `conv2d,<13 numbers of conv2d_shape>,<images>` or `pool2d,<9 numbers of pool2d_shape>,<images>` begins a case; each
further line is the name of an array and its values, channels last, weights [kh][kw][in / groups][out]. Inputs are not stored:
element i of array number a is ((i * 37 + a * 11 + i // 7 * 5) % 101 - 50) / 64, made alike by golden_values of the tests.
Convolutions of those are multiples of 1 / 4096, and stored as how many.
"""
import pathlib

import torch

CONVOLUTIONS = [  # in_channels, height, width, out_channels, kernel, stride, padding, dilation (two numbers each), groups, images
    (3, 8, 7, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 2),
    (3, 11, 10, 4, 7, 7, 2, 2, 3, 3, 1, 1, 1, 1),
    (4, 6, 6, 6, 1, 1, 2, 2, 0, 0, 1, 1, 1, 2),
    (6, 9, 8, 4, 3, 2, 2, 3, 2, 1, 2, 1, 2, 1),
    (5, 7, 6, 5, 3, 3, 1, 2, 1, 1, 1, 1, 5, 2),
    (8, 1, 12, 3, 1, 4, 1, 1, 0, 2, 1, 1, 1, 2),
    (8, 1, 15, 2, 1, 3, 1, 2, 0, 4, 1, 2, 1, 1),
    (2, 5, 5, 3, 5, 5, 1, 1, 0, 0, 1, 1, 1, 1),
]
POOLINGS = [  # channels, height, width, window, stride, padding, images
    (3, 6, 6, 2, 2, 2, 2, 0, 0, 2),
    (4, 7, 8, 3, 3, 2, 2, 1, 1, 1),
    (5, 1, 11, 1, 4, 1, 2, 0, 2, 2),
]


def values(count, number):
    i = torch.arange(count)
    return ((i * 37 + number * 11 + i // 7 * 5) % 101 - 50).double() / 64


def pictures(number, images, height, width, channels):
    """From channels last to PyTorch's order."""
    return values(images * height * width * channels, number).reshape(images, height, width, channels).permute(0, 3, 1, 2)


def line(name, tensor):
    return ",".join([name] + [f"{value:.12g}" for value in tensor.detach().contiguous().flatten().tolist()])


def exact(name, tensor):
    return line(name, (tensor * 4096).round())


def channels_last(tensor):
    return tensor.permute(0, 2, 3, 1)


def convolution(case):
    ci, h, w, co, kh, kw, sh, sw, ph, pw, dh, dw, groups, images = case
    x = pictures(0, images, h, w, ci).clone().requires_grad_()
    weight = values(kh * kw * (ci // groups) * co, 1).reshape(kh, kw, ci // groups, co).permute(3, 2, 0, 1).clone().requires_grad_()
    bias = values(co, 2).clone().requires_grad_()
    y = torch.nn.functional.conv2d(x, weight, bias, (sh, sw), (ph, pw), (dh, dw), groups)
    y.backward(pictures(3, images, y.shape[2], y.shape[3], co))
    return [",".join(map(str, ("conv2d", *case))), exact("output", channels_last(y)), exact("input_gradient", channels_last(x.grad)),
            exact("weight_gradient", weight.grad.permute(2, 3, 1, 0)), exact("bias_gradient", bias.grad)]


def pooling(case):
    channels, h, w, wh, ww, sh, sw, ph, pw, images = case
    lines = [",".join(map(str, ("pool2d", *case)))]
    for name, function in (
            ("max", lambda x: torch.nn.functional.max_pool2d(x, (wh, ww), (sh, sw), (ph, pw))),
            ("average", lambda x: torch.nn.functional.avg_pool2d(x, (wh, ww), (sh, sw), (ph, pw))),
            ("inside", lambda x: torch.nn.functional.avg_pool2d(x, (wh, ww), (sh, sw), (ph, pw), count_include_pad=False))):
        x = pictures(0, images, h, w, channels).clone().requires_grad_()
        y = function(x)
        y.backward(pictures(3, images, y.shape[2], y.shape[3], channels))
        lines += [line(name, channels_last(y)), line(name + "_gradient", channels_last(x.grad))]
    return lines


if __name__ == "__main__":
    lines = [text for case in CONVOLUTIONS for text in convolution(case)] + [text for case in POOLINGS for text in pooling(case)]
    pathlib.Path(__file__).with_suffix(".csv").write_text("\n".join(lines) + "\n")
