# Makes nn_attention.txt: attention and transformer layers of PyTorch in double, with gradients. A line is a name and numbers.
# Weights are written [in][out]. Run with Python that has torch: python nn_attention.py
import torch

torch.manual_seed(9)
torch.set_default_dtype(torch.float64)
out = open(__file__.replace(".py", ".txt"), "w")


def line(name, tensor):
    tensor = tensor.detach()
    out.write(name + " " + " ".join("%.10g" % v for v in (tensor.T if tensor.dim() == 2 else tensor).flatten().tolist()) + "\n")


def values(*shape):
    return torch.round(torch.randn(*shape) * 100) / 100


N, T, D = 3, 5, 6
lengths = torch.tensor([5, 3, 1])
mask = torch.arange(T)[None, :] < lengths[:, None]


def case(name, layer, call):
    for parameter in layer.parameters():
        parameter.data = values(*parameter.shape) * (0.5 if parameter.dim() == 2 else 1)
    x = (values(N, T, D) * mask[..., None]).requires_grad_()
    dy = values(N, T, D) * mask[..., None]
    y = call(layer, x) * mask[..., None]
    (y * dy).sum().backward()
    line(name + ".x", x)
    line(name + ".dy", dy)
    line(name + ".y", y)
    line(name + ".dx", x.grad * mask[..., None])
    for key, parameter in layer.named_parameters():
        line(f"{name}.{key}", parameter)
        line(f"{name}.d.{key}", parameter.grad)


case("attention", torch.nn.MultiheadAttention(D, 2, batch_first=True), lambda m, x: m(x, x, x, key_padding_mask=~mask)[0])


def encoder(activation, norm_first, eps):
    return torch.nn.TransformerEncoderLayer(
        D, 3, 10, dropout=0.0, activation=activation, norm_first=norm_first, batch_first=True, layer_norm_eps=eps
    )


case("post", encoder("relu", False, 1e-5), lambda m, x: m(x, src_key_padding_mask=~mask))
case("pre", encoder("gelu", True, 1e-5), lambda m, x: m(x, src_key_padding_mask=~mask))
case("bert", encoder("gelu", False, 1e-12), lambda m, x: m(x, src_key_padding_mask=~mask))
