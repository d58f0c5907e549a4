"""Inference of whole networks in float32 against PyTorch eager: batch 1 of small ones, and ResNet-18 for information.

PyTorch runs in evaluation and inference mode, its pictures in its usual order or with channels last. MMN: 32 tokens, a
picture of 48 x 48, 100 frames of 40 bands.
"""
import peer  # first: sets the environment of the BLAS libraries

import numpy as np
import torch

import networks


def pictures(arguments, folder, name, net, side, batches):
    net.eval()
    networks.save(net, folder / "weights.safetensors")
    for batch in batches:
        x = torch.randn(batch, 3, side, side)
        (folder / "input").write_bytes(networks.channels_last_bytes(x))
        for order, format in (("", torch.contiguous_format), (", channels last", torch.channels_last)):
            net.to(memory_format=format)
            given = x.contiguous(memory_format=format)

            def theirs():
                with torch.inference_mode():
                    return float(net(given).abs().sum(dtype=torch.float64))

            peer.compare(f"{name} N {batch}{order}", arguments,
                         ["inference_ours", name, folder / "weights.safetensors", batch, folder / "input"], theirs,
                         tolerance=1e-3)


def mmn(arguments, folder):
    net = networks.Mmn().eval()
    networks.save(net, folder / "weights.safetensors")
    for batch in (1, 16):
        ids = torch.randint(0, 10000, (batch, 32))
        picture, frames = torch.randn(batch, 3, 48, 48), torch.randn(batch, 100, 40)
        (folder / "input").write_bytes(ids.numpy().astype(np.int32).tobytes() + networks.channels_last_bytes(picture) +
                                       frames.numpy().tobytes())

        def theirs():
            with torch.inference_mode():
                return float(net(ids, picture, frames).abs().sum(dtype=torch.float64))

        peer.compare(f"mmn N {batch}", arguments,
                     ["inference_ours", "mmn", folder / "weights.safetensors", batch, folder / "input"], theirs,
                     tolerance=1e-3)


def main():
    arguments = peer.arguments(__doc__)
    torch.set_num_threads(peer.threads)
    torch.manual_seed(0)
    print(f"# torch {torch.__version__}, {torch.get_num_threads()} threads")
    with peer.scratch() as folder:
        pictures(arguments, folder, "mini_resnet", networks.mini_resnet(), 32, (1, 16))
        mmn(arguments, folder)
        pictures(arguments, folder, "resnet18", networks.resnet18(), 224, (1, 16))


if __name__ == "__main__":
    main()
