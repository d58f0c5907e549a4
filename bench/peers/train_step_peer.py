"""A training step of mini_resnet in float32 against PyTorch eager: forward, cross-entropy, backward, Adam."""
import peer  # first: sets the environment of the BLAS libraries

import torch

import networks


def main():
    arguments = peer.arguments(__doc__)
    torch.set_num_threads(peer.threads)
    torch.manual_seed(0)
    print(f"# torch {torch.__version__}, {torch.get_num_threads()} threads")
    with peer.scratch() as folder:
        for batch in (16, 64):
            x, classes = torch.randn(batch, 3, 32, 32), torch.arange(batch) % 10
            (folder / "input").write_bytes(networks.channels_last_bytes(x))
            for order, format in (("", torch.contiguous_format), (", channels last", torch.channels_last)):
                net = networks.mini_resnet().train()
                networks.save(net, folder / "weights.safetensors")
                net.to(memory_format=format)
                given = x.contiguous(memory_format=format)
                optimizer = torch.optim.Adam(net.parameters())

                def theirs():
                    optimizer.zero_grad(set_to_none=True)
                    loss = torch.nn.functional.cross_entropy(net(given), classes)
                    loss.backward()
                    optimizer.step()
                    return float(loss.detach())

                # The first step of both begins from the same weights; later losses are not compared.
                peer.compare(f"mini_resnet step N {batch}{order}", arguments,
                             ["train_step_ours", folder / "weights.safetensors", batch, folder / "input"], theirs,
                             tolerance=1e-3)


if __name__ == "__main__":
    main()
