# What the nn_*.py scripts share: writing a network's numbers, with gradients, in mmrec's layouts. A line is a name and numbers.
import torch

torch.set_default_dtype(torch.float64)


def coarse(t):
    """Few digits, so that the files are short."""
    return (t * 100).round() / 100


def normal(*shape):
    return coarse(torch.randn(*shape))


def coarsen(module):
    """The module with parameters of few digits."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(coarse(p))
    return module


class Golden:
    def __init__(self, script):
        torch.manual_seed(11)
        self.out = open(script.replace(".py", ".txt"), "w")

    def line(self, name, numbers):
        numbers = torch.as_tensor(numbers).detach().flatten().tolist()
        self.out.write(" ".join([name] + ["%.9g" % v for v in numbers]) + "\n")

    def case(self, name, module, x, y, layout=lambda t: t, out_layout=None, tensors=None, lengths=None, seed_gradient=None):
        """x, of PyTorch's layout and requiring gradients, gave y. layout and out_layout bring them into ours; tensors(gradients)
        gives the module's tensors in our layout, or their gradients."""
        out_layout = out_layout or layout
        g = normal(*y.shape) if seed_gradient is None else seed_gradient
        y.backward(g)
        self.line(name + ".parameters", torch.cat([t.flatten() for t in tensors(False)]) if tensors else [])
        self.line(name + ".parameter_gradient", torch.cat([t.flatten() for t in tensors(True)]) if tensors else [])
        self.line(name + ".input", layout(x))
        self.line(name + ".input_gradient", layout(x.grad))
        self.line(name + ".output", out_layout(y))
        self.line(name + ".output_gradient", out_layout(g))
        if lengths is not None:
            self.line(name + ".lengths", torch.as_tensor(lengths))


def pixels(t):
    """N x C x H x W -> N x H x W x C"""
    return t.permute(0, 2, 3, 1)


def value_or_gradient(tensor, gradient):
    return tensor.grad if gradient else tensor


def convolution(module):
    """Out x In x K... -> K... x In x Out, then the bias."""
    def tensors(gradient):
        w = value_or_gradient(module.weight, gradient)
        yield w.permute(*range(2, w.dim()), 1, 0)
        if module.bias is not None:
            yield value_or_gradient(module.bias, gradient)

    return lambda gradient: list(tensors(gradient))


def beyond_is_zero(x, lengths):
    """N x T x D with what lies beyond the lengths zero."""
    for row, length in enumerate(lengths):
        x[row, length:] = 0
    return x
