# Makes nn_conv.txt: convolutions of PyTorch and their gradients, in double and channels last.
# Run with Python that has torch: python nn_conv.py
import torch
from torch import nn

from nn_golden import Golden, beyond_is_zero, coarsen, convolution, normal, pixels

golden = Golden(__file__)


def picture(name, module, c, h, w):
    coarsen(module)
    x = normal(2, c, h, w).requires_grad_()
    golden.case(name, module, x, module(x), pixels, tensors=convolution(module))


picture("plain", nn.Conv2d(3, 5, 3, padding=1), 3, 6, 5)
picture("strided", nn.Conv2d(2, 3, 5, stride=2, padding=2, bias=False), 2, 7, 8)
picture("dilated", nn.Conv2d(2, 4, 3, padding=2, dilation=2), 2, 6, 7)
picture("grouped", nn.Conv2d(4, 6, 3, groups=2), 4, 5, 5)
picture("depthwise", nn.Conv2d(4, 4, 3, padding=1, groups=4), 4, 5, 4)
picture("rectangular", nn.Conv2d(2, 3, (1, 4), stride=(2, 1), padding=(0, 1)), 2, 5, 6)
picture("pointwise", nn.Conv2d(3, 7, 1, stride=2, padding=0), 3, 5, 5)


def sequence(name, module, d, lengths, out_steps):
    """Each sequence by itself; what lies beyond its length is zero."""
    coarsen(module)
    x = beyond_is_zero(normal(len(lengths), max(lengths), d), lengths).requires_grad_()
    rows = []
    width = out_steps(max(lengths))
    for row, length in enumerate(lengths):
        y = torch.zeros(width, module.out_channels)
        if length > 0 and out_steps(length) > 0:
            y[: out_steps(length)] = module(x[row : row + 1, :length].permute(0, 2, 1))[0].T
        rows.append(y)
    y = torch.stack(rows)
    g = beyond_is_zero(normal(*y.shape), [out_steps(n) if n > 0 else 0 for n in lengths])
    golden.case(name, module, x, y, tensors=convolution(module), lengths=lengths, seed_gradient=g)


sequence("steps", nn.Conv1d(3, 5, 3, padding=1), 3, [6, 2, 0, 5], lambda t: t)
sequence("steps_valid", nn.Conv1d(3, 4, 4, stride=2), 3, [7, 3, 4, 0], lambda t: max(0, (t - 4) // 2 + 1))
sequence("steps_dilated", nn.Conv1d(4, 4, 3, padding=2, dilation=2, groups=2, bias=False), 4, [6, 1, 3], lambda t: t)
