# Makes nn_norm.txt: batch and layer normalisation of PyTorch in double, with gradients. A line is a name and numbers.
# Pictures and sequences are stored channels last. Run with Python that has torch: python nn_norm.py
import torch

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
out = open(__file__.replace(".py", ".txt"), "w")


def line(name, tensor):
    out.write(name + " " + " ".join("%.10g" % v for v in tensor.detach().flatten().tolist()) + "\n")


def values(*shape):
    """Few digits, so that the file is small and exact."""
    return torch.round(torch.randn(*shape) * 100) / 100


def case(name, layer, x, mask=None):
    """x is channels last: the last axis is normalised by layer_norm, or is the channel of batch_norm."""
    for parameter in layer.parameters():
        parameter.data = 1 + values(*parameter.shape)
    is_batch = isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)
    x = x.clone().requires_grad_()
    rows = x.reshape(-1, x.shape[-1])
    if mask is not None:
        rows = rows[mask.reshape(-1)]
    y = layer(rows)
    dy = values(*x.shape)
    picked = dy.reshape(-1, x.shape[-1])
    if mask is not None:
        dy = dy * mask[..., None]
        picked = dy.reshape(-1, x.shape[-1])[mask.reshape(-1)]
    (y * picked).sum().backward()
    line(name + ".x", x)
    line(name + ".weight", layer.weight)
    line(name + ".bias", layer.bias)
    line(name + ".dy", dy)
    whole = torch.zeros(x.shape)
    flat = whole.reshape(-1, x.shape[-1])
    flat[mask.reshape(-1) if mask is not None else slice(None)] = y.detach()
    line(name + ".y", whole)
    line(name + ".dx", x.grad)
    line(name + ".dweight", layer.weight.grad)
    line(name + ".dbias", layer.bias.grad)
    if is_batch:
        line(name + ".running_mean", layer.running_mean)
        line(name + ".running_var", layer.running_var)
        layer.eval()
        flat[mask.reshape(-1) if mask is not None else slice(None)] = layer(rows).detach()
        line(name + ".evaluated", whole)


lengths = torch.tensor([4, 0, 2])
mask = torch.arange(4)[None, :] < lengths[:, None]
case("batch_flat", torch.nn.BatchNorm1d(5), 10 + values(6, 5))
case("batch_chw", torch.nn.BatchNorm1d(19), values(2, 3, 2, 19))
case("batch_sequence", torch.nn.BatchNorm1d(3), values(3, 4, 3) * mask[..., None], mask)
case("layer_flat", torch.nn.LayerNorm(37), 5 + values(3, 37))
case("layer_sequence", torch.nn.LayerNorm(7, eps=1e-12), values(3, 4, 7) * mask[..., None], mask)

# The two-dimensional layer on a picture in PyTorch's own order agrees with the rows above.
picture = values(2, 19, 3, 2)
first, second = torch.nn.BatchNorm2d(19), torch.nn.BatchNorm1d(19)
assert torch.allclose(first(picture), second(picture.permute(0, 2, 3, 1).reshape(-1, 19)).reshape(2, 3, 2, 19).permute(0, 3, 1, 2))
