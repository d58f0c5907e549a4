# Weights and inputs by a formula that Python and C++ compute alike (tests/nn/formula.hpp), so that golden files of whole
# networks hold outputs alone.
import math

import numpy as np
import torch


def uniform(name, size):
    """Numbers in -1..1 that follow from a name: a hash of name and place."""
    key = 2166136261
    for character in name.encode():
        key = ((key ^ character) * 16777619) & 0xFFFFFFFF
    with np.errstate(over="ignore"):
        x = np.arange(size, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(key)
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x85EBCA6B)
        x ^= x >> np.uint32(13)
        x *= np.uint32(0xC2B2AE35)
        x ^= x >> np.uint32(16)
    return x.astype(np.float64) / 2147483648.0 - 1.0


def tensor(name, shape):
    """A tensor of a network: weights with the variance that keeps that of activations, norms about 1."""
    u = torch.from_numpy(uniform(name, math.prod(shape))).reshape(shape)
    if name.endswith("running_var"):
        return 1.0 + 0.5 * u
    if len(shape) == 1:
        return 1.0 + 0.25 * u if name.endswith("weight") else 0.1 * u
    return u * math.sqrt(6.0 / math.prod(shape[1:]))


def fill(module):
    """Gives a module the tensors of the formula, in float64. A recurrent layer's two biases are ours and zeros."""
    module.double()
    state = module.state_dict()
    for name, old in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        if "bias_hh" in name:
            state[name] = torch.zeros_like(old)
        else:
            state[name] = tensor(name.replace("bias_ih", "bias"), tuple(old.shape))
    module.load_state_dict(state)
    return module


def pictures(name, count, channels, height, width):
    """count x channels x height x width, of numbers that lie as in our layout, channels last."""
    u = torch.from_numpy(uniform(name, count * channels * height * width))
    return u.reshape(count, height, width, channels).permute(0, 3, 1, 2).contiguous()


def sequences(name, count, steps, width):
    return torch.from_numpy(uniform(name, count * steps * width)).reshape(count, steps, width)


def tokens(name, count, steps, vocabulary):
    u = uniform(name, count * steps)
    return torch.from_numpy(((u + 1.0) / 2.0 * vocabulary).astype(np.int64)).reshape(count, steps)
