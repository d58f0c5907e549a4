# Makes nn_activations.txt: activations of PyTorch and their gradients, in double.
# Run with Python that has torch: python nn_activations.py
from torch import nn

from nn_golden import Golden, normal

golden = Golden(__file__)
functions = {"relu": nn.ReLU(), "leaky_relu": nn.LeakyReLU(0.2), "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "gelu": nn.GELU(),
             "softmax": nn.Softmax(dim=1)}
for name, function in functions.items():
    x = (3 * normal(4, 9)).requires_grad_()
    golden.case(name, function, x, function(x))
