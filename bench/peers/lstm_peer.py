"""One LSTM layer in float32 (T = 100) against PyTorch's torch.nn.LSTM: forward, and forward with backward.

PyTorch gets its own best layout, time first. The rate is in 10^9 operations a second: 8 T N H (I + H) forward, three times
that with backward (the gradient of x is computed on both sides).
"""
import peer  # first: sets the environment of the BLAS libraries

import numpy as np
import torch

STEPS = 100


def blocks(weights):
    """PyTorch's [4 H][inputs] in the order i f g o, as [inputs][4 H]."""
    return np.ascontiguousarray(weights.detach().numpy().T)


def main():
    arguments = peer.arguments(__doc__)
    torch.set_num_threads(peer.threads)
    torch.manual_seed(0)
    print(f"# torch {torch.__version__}, {torch.get_num_threads()} threads")
    with peer.scratch() as folder:
        path = folder / "lstm.f32"
        for inputs in (40, 128):
            for hidden in (64, 128, 256):
                for batch in (1, 16, 64):
                    layer = torch.nn.LSTM(inputs, hidden)
                    x = torch.randn(STEPS, batch, inputs)
                    with open(path, "wb") as file:
                        file.write(np.ascontiguousarray(x.numpy().transpose(1, 0, 2)).tobytes())
                        file.write(blocks(layer.weight_ih_l0).tobytes())
                        file.write(blocks(layer.weight_hh_l0).tobytes())
                        file.write((layer.bias_ih_l0 + layer.bias_hh_l0).detach().numpy().tobytes())
                    x.requires_grad_(True)

                    def forward():
                        with torch.inference_mode():
                            return float(layer(x)[0][-1, -1, 0])

                    def both():
                        layer.zero_grad(set_to_none=True)
                        x.grad = None
                        layer(x)[0].sum().backward()
                        return float(layer.bias_ih_l0.grad.sum(dtype=torch.float64))

                    for name, theirs in (("forward", forward), ("both", both)):
                        peer.compare(f"lstm {name} {inputs}>{hidden} N {batch}", arguments,
                                     ["lstm_ours", path, batch, STEPS, inputs, hidden, name], theirs, tolerance=1e-3)


if __name__ == "__main__":
    main()
