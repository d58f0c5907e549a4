# Makes nn_pool.txt: poolings of PyTorch and their gradients, in double and channels last.
# Run with Python that has torch: python nn_pool.py
import torch
from torch import nn

from nn_golden import Golden, beyond_is_zero, normal, pixels

golden = Golden(__file__)


def picture(name, module, c, h, w):
    x = normal(2, c, h, w).requires_grad_()
    y = module(x)
    golden.case(name, module, x, y, pixels, None if y.dim() == 4 else lambda t: t)


picture("max", nn.MaxPool2d(2), 3, 6, 5)
picture("max_overlapping", nn.MaxPool2d(3, 2, 1), 2, 7, 6)
picture("average", nn.AvgPool2d((3, 2), (2, 1), (1, 1)), 3, 6, 5)
picture("global_max", nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()), 3, 4, 5)
picture("global_average", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), 3, 4, 5)


def sequence(name, module, d, lengths, out_steps):
    """Each sequence by itself; what lies beyond its length is zero."""
    x = beyond_is_zero(normal(len(lengths), max(lengths), d), lengths).requires_grad_()
    rows = []
    for row, length in enumerate(lengths):
        y = torch.zeros(out_steps(max(lengths)), d)
        if length > 0 and out_steps(length) > 0:
            y[: out_steps(length)] = module(x[row : row + 1, :length].permute(0, 2, 1))[0].T
        rows.append(y)
    y = torch.stack(rows)
    g = beyond_is_zero(normal(*y.shape), [out_steps(n) if n > 0 else 0 for n in lengths])
    golden.case(name, module, x, y, lengths=lengths, seed_gradient=g)


sequence("steps_max", nn.MaxPool1d(2), 3, [7, 1, 4, 0], lambda t: t // 2)
sequence("steps_max_overlapping", nn.MaxPool1d(3, 2, 1), 3, [6, 1, 3], lambda t: (t - 1) // 2 + 1)
sequence("steps_average", nn.AvgPool1d(3, 1, 1), 2, [6, 1, 3, 0], lambda t: t)
sequence("steps_global_max", nn.AdaptiveMaxPool1d(1), 3, [6, 1, 3, 0], lambda t: 1)
sequence("steps_global_average", nn.AdaptiveAvgPool1d(1), 3, [6, 1, 3, 0], lambda t: 1)
