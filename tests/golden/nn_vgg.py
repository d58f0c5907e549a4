# VGG networks of torchvision with weights by formula and smaller dense layers: outputs in evaluation.
# Run: python nn_vgg.py (needs torch and torchvision)
from torch import nn
from torchvision.models.vgg import VGG, cfgs, make_layers

import nn_formula as formula
from nn_golden import Golden

golden = Golden(__file__)


def evaluate(name, table, norm, size):
    net = VGG(make_layers(cfgs[table], batch_norm=norm), num_classes=30)
    net.classifier[0] = nn.Linear(512 * 7 * 7, 64)
    net.classifier[3] = nn.Linear(64, 64)
    net.classifier[6] = nn.Linear(64, 30)
    formula.fill(net).eval()
    golden.line(name + ".output", net(formula.pictures(name, 2, 3, size, size)))


evaluate("vgg11", "A", False, 32)
evaluate("vgg11_bn", "A", True, 64)
evaluate("vgg16", "D", False, 32)
