"""Normalisations, embedding bags and transformer layers against PyTorch: inference, and a forward and backward pass.

PyTorch runs under inference_mode, which takes its fused path for the transformer, and trains with dropout 0; pictures are
channels last on both sides.
"""
import peer  # first: sets the environment of the BLAS libraries

import numpy as np
import torch


def check_of(tensor):
    """As in layers_ours.cpp: magnitudes of 64 elements, in our order."""
    flat = tensor.detach().contiguous().numpy().ravel()
    return float(np.abs(flat[np.arange(64) * (flat.size - 1) // 63]).sum(dtype=np.float64))


def case(arguments, folder, name, layer, module, input, steps, picture=False):
    """Our parameters are PyTorch's in its order, matrices transposed except tables."""
    table = isinstance(module, torch.nn.EmbeddingBag)
    for parameter in module.parameters():
        if parameter.dim() == 1:
            parameter.data = 1 + 0.1 * torch.randn_like(parameter)
    # Ours lie in the order in which they are used: of a transformer, the first normalisation behind the attention.
    ordered = sorted(module.named_parameters(), key=lambda item: ["self", "norm1", "linear", "norm2"].index(
        next((key for key in ("self", "norm1", "linear", "norm2") if item[0].startswith(key)), "self")))
    flat = [(p if table or p.dim() == 1 else p.T).detach().contiguous().numpy().ravel() for _, p in ordered]
    np.concatenate(flat).astype(np.float32).tofile(folder / "w.f32")
    stored = input.permute(0, 2, 3, 1) if picture else input
    stored = stored.to(torch.int32) if table else stored
    stored.contiguous().numpy().tofile(folder / "x.f32")

    def ours(mode):
        return ["layers_ours", layer, mode, folder / "x.f32", folder / "w.f32", input.shape[0], steps]

    def in_our_order(tensor):
        return tensor.permute(0, 2, 3, 1) if picture else tensor

    module.eval()

    def infer():
        with torch.inference_mode():
            return module(input)

    expected = check_of(in_our_order(infer()))
    peer.compare(f"{name} infer", arguments, ours("infer"), lambda: (infer(), expected)[1], tolerance=1e-3)

    module.train()
    leaf = input if table else input.clone(memory_format=torch.preserve_format).requires_grad_()

    shape = in_our_order(infer()).shape
    gradient = (np.arange(np.prod(shape), dtype=np.int64) * 7919 % 101).astype(np.float32) / 50 - 1
    gradient = torch.from_numpy(gradient).reshape(shape)
    gradient = gradient.permute(0, 3, 1, 2) if picture else gradient

    def train():
        for parameter in module.parameters():
            parameter.grad = None
        if not table:
            leaf.grad = None
        module(leaf).backward(gradient)

    train()
    expected_gradient = check_of(module.weight.grad.to_dense() if table else in_our_order(leaf.grad))
    peer.compare(f"{name} train", arguments, ours("train"), lambda: (train(), expected_gradient)[1], tolerance=5e-3)


def main():
    arguments = peer.arguments(__doc__)
    torch.set_num_threads(peer.threads)
    torch.manual_seed(0)
    print(f"# torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, threads {torch.get_num_threads()}")
    with peer.scratch() as folder:
        for channels, size in ((64, 56), (512, 7)):
            x = torch.randn(16, channels, size, size).contiguous(memory_format=torch.channels_last)
            case(arguments, folder, f"batch_norm N=16 {channels}@{size}", f"batch_norm_{channels}_{size}",
                 torch.nn.BatchNorm2d(channels), x, 1, picture=True)
        for width in (64, 384):
            case(arguments, folder, f"layer_norm 16x128x{width}", f"layer_norm_{width}", torch.nn.LayerNorm(width),
                 torch.randn(16, 128, width), 128)
        case(arguments, folder, "embedding_bag 64x50 of 30000x128", "bag_30000_128",
             torch.nn.EmbeddingBag(30000, 128, mode="mean", sparse=True), torch.randint(0, 30000, (64, 50)), 50)
        for count, steps, width, heads in ((1, 16, 64, 4), (32, 50, 64, 4), (1, 32, 384, 12), (8, 128, 384, 12)):
            module = torch.nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True)
            case(arguments, folder, f"transformer N={count} T={steps} D={width}", f"transformer_{width}_{heads}", module,
                 torch.randn(count, steps, width), steps)


if __name__ == "__main__":
    main()
