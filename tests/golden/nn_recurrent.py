# Makes nn_recurrent.txt: recurrent layers of PyTorch on sequences of different lengths, and their gradients, in double.
# Run with Python that has torch: python nn_recurrent.py
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nn_golden import Golden, beyond_is_zero, coarsen, normal, value_or_gradient

golden = Golden(__file__)


def tensors(module):
    """Weights transposed; the two biases summed where only their sum counts. Gradients by the sum are those by either."""

    def biases(name, gradient):
        ih = value_or_gradient(getattr(module, "bias_ih" + name), gradient)
        hh = value_or_gradient(getattr(module, "bias_hh" + name), gradient)
        if isinstance(module, nn.GRU):
            h = 2 * module.hidden_size
            return torch.cat([ih[:h] if gradient else ih[:h] + hh[:h], ih[h:], hh[h:]])
        return ih if gradient else ih + hh

    def all_of(gradient):
        for layer in range(module.num_layers):
            for direction in [""] + ["_reverse"] * module.bidirectional:
                name = f"_l{layer}{direction}"
                yield value_or_gradient(getattr(module, "weight_ih" + name), gradient).T
                yield value_or_gradient(getattr(module, "weight_hh" + name), gradient).T
                yield biases(name, gradient)

    return lambda gradient: list(all_of(gradient))


def case(name, module, lengths, every_step):
    coarsen(module)
    x = beyond_is_zero(normal(len(lengths), max(lengths), module.input_size), lengths).requires_grad_()
    packed, last = module(pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False))
    if every_step:
        y = pad_packed_sequence(packed, batch_first=True)[0]
        g = beyond_is_zero(normal(*y.shape), lengths)
    else:
        h = last[0] if isinstance(module, nn.LSTM) else last
        directions = 2 if module.bidirectional else 1
        y = torch.cat(list(h[-directions:]), dim=1)
        g = normal(*y.shape)
    golden.case(name, module, x, y, tensors=tensors(module), lengths=lengths, seed_gradient=g)


for kind, module in {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}.items():
    case(kind, module(3, 5), [4, 1, 6], False)
    case(kind + "_steps", module(2, 3), [2, 5, 1], True)
    case(kind + "_deep", module(3, 3, num_layers=2, bidirectional=True), [5, 1, 3], False)
    case(kind + "_deep_steps", module(2, 3, num_layers=2, bidirectional=True), [1, 4], True)
case("rnn_relu", nn.RNN(3, 5, nonlinearity="relu"), [4, 1, 6], False)
