"""Makes rnn.csv, lstm.csv and gru.csv: PyTorch's recurrent layers in double, packed sequences, both directions.

One line a tensor: name, then the numbers. Weights are PyTorch's transposed, biases summed as the headers say. The objective
is the sum of all outputs and final states times the slopes dy, dh, dc.
"""
import numpy as np
import torch

BATCH, STEPS, INPUTS, HIDDEN = 4, 5, 3, 6
LENGTHS = [5, 2, 1, 4]


def run(out, kind, reverse):
    torch.manual_seed(7)
    make = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "tanh": torch.nn.RNN,
            "relu": lambda *a, **k: torch.nn.RNN(*a, nonlinearity="relu", **k)}[kind]
    layer = make(INPUTS, HIDDEN, batch_first=True, bidirectional=True).double()
    for parameter in layer.parameters():
        parameter.data = torch.randn_like(parameter) * 0.5
    x = torch.randn(BATCH, STEPS, INPUTS, dtype=torch.double, requires_grad=True)
    h0 = torch.randn(2, BATCH, HIDDEN, dtype=torch.double, requires_grad=True)
    c0 = torch.randn(2, BATCH, HIDDEN, dtype=torch.double, requires_grad=True)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
    result, state = layer(packed, (h0, c0) if kind == "lstm" else h0)
    h_n, c_n = state if kind == "lstm" else (state, torch.zeros_like(state))
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(result, batch_first=True, total_length=STEPS)
    way = 1 if reverse else 0
    y, h_n, c_n = y[:, :, way * HIDDEN:(way + 1) * HIDDEN], h_n[way], c_n[way]
    dy, dh, dc = torch.randn_like(y), torch.randn_like(h_n), torch.randn_like(c_n)
    objective = (y * dy).sum() + (h_n * dh).sum() + (c_n * dc).sum()
    objective.backward()
    end = "_l0_reverse" if reverse else "_l0"
    w_ih, w_hh, b_ih, b_hh = (getattr(layer, name + end) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))

    def bias(ih, hh, gradient):
        if kind != "gru":
            return ih if gradient else ih + hh
        both = ih if gradient else ih + hh
        return torch.cat([both[:2 * HIDDEN], ih[2 * HIDDEN:], hh[2 * HIDDEN:]])

    zero = torch.zeros(BATCH, HIDDEN)
    tensors = {
        "x": x, "h0": h0[way], "c0": c0[way], "input": w_ih.T, "recurrent": w_hh.T, "bias": bias(b_ih, b_hh, False),
        "y": y, "h_n": h_n, "c_n": c_n, "dy": dy, "dh": dh, "dc": dc, "d_x": x.grad, "d_input": w_ih.grad.T,
        "d_recurrent": w_hh.grad.T, "d_bias": bias(b_ih.grad, b_hh.grad, True), "d_h0": h0.grad[way],
        "d_c0": c0.grad[way] if c0.grad is not None else zero,
    }
    prefix = f"{kind}_{'reverse' if reverse else 'forward'}_"
    for name, tensor in tensors.items():
        numbers = ",".join(f"{value:.12g}" for value in np.asarray(tensor.detach()).reshape(-1))
        out.write(f"{prefix}{name},{numbers}\n")


def main():
    for file, kinds in (("lstm.csv", ["lstm"]), ("gru.csv", ["gru"]), ("rnn.csv", ["tanh", "relu"])):
        with open(file, "w") as out:
            for kind in kinds:
                for reverse in (False, True):
                    run(out, kind, reverse)


if __name__ == "__main__":
    main()
