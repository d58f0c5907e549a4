# Makes losses.txt: values and gradients of PyTorch's losses in double. A line is a name and numbers.
# Run with Python that has torch: python losses.py
import torch
import torch.nn.functional as F

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
out = open(__file__.replace("losses.py", "losses.txt"), "w")


def line(name, tensor):
    out.write(name + " " + " ".join("%.17g" % v for v in torch.as_tensor(tensor, dtype=torch.float64).flatten().tolist()) + "\n")


def case(name, loss, inputs, targets=None):
    inputs = [x.clone().requires_grad_() for x in inputs]
    value = loss(*inputs)
    value.backward()
    for i, x in enumerate(inputs):
        line(f"{name}.input{i}", x)
        line(f"{name}.gradient{i}", x.grad)
    if targets is not None:
        line(f"{name}.targets", targets)
    line(f"{name}.value", value)


logits = 3 * torch.randn(5, 3)
logits[0] = torch.tensor([1e4, -1e4, 0.0])
labels = torch.tensor([[1, 1, 0.5], [0, 1, 0], [1, 0, 0.25], [0, 0, 1], [1, 1, 1]], dtype=torch.float64)
case("bce", lambda x: F.binary_cross_entropy_with_logits(x, labels), [logits], labels)
case("bce_weighted", lambda x: F.binary_cross_entropy_with_logits(x, labels, pos_weight=torch.tensor(3.0)), [logits], labels)
case("mse", lambda x: F.mse_loss(x, labels), [torch.randn(5, 3)], labels)

logits = 3 * torch.randn(4, 7)
logits[0, 2] = 1e4
logits[1, 3] = -1e4
classes = torch.tensor([0, 3, 6, 2])
case("softmax", lambda x: F.cross_entropy(x, classes), [logits], classes)
case("softmax_smoothed", lambda x: F.cross_entropy(x, classes, label_smoothing=0.1), [logits], classes)

counts = torch.randn(4, 7)
first = torch.zeros(4, dtype=torch.long)
case("sampled", lambda x: F.cross_entropy(x - counts, first), [2 * torch.randn(4, 7)], counts)

case("bpr", lambda x: -F.logsigmoid(x[:, :1] - x[:, 1:]).mean(), [3 * torch.randn(6, 3)])

left, right = torch.randn(5, 4), torch.randn(5, 4)


def infonce(symmetric, normalize):
    def loss(x, y):
        if normalize:
            x, y = F.normalize(x), F.normalize(y)
        s = x @ y.T / 0.2
        same = torch.arange(5)
        return (F.cross_entropy(s, same) + F.cross_entropy(s.T, same)) / 2 if symmetric else F.cross_entropy(s, same)

    return loss


for symmetric in (0, 1):
    for normalize in (0, 1):
        case(f"infonce{symmetric}{normalize}", infonce(symmetric, normalize), [left, right])
