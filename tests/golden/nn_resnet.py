# Whole residual networks of torchvision with weights by formula: outputs in evaluation, and for a small one gradients in
# training. Run: python nn_resnet.py (needs torch and torchvision)
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

import nn_formula as formula
from nn_golden import Golden
from torch import nn

golden = Golden(__file__)


def evaluate(name, net, size):
    formula.fill(net).eval()
    x = formula.pictures(name, 2, 3, size, size)
    golden.line(name + ".output", net(x))


evaluate("resnet18", ResNet(BasicBlock, [2, 2, 2, 2], num_classes=50), 64)
evaluate("resnet34", ResNet(BasicBlock, [3, 4, 6, 3], num_classes=20), 48)
evaluate("resnet50", ResNet(Bottleneck, [3, 4, 6, 3], num_classes=50), 64)


class MiniResNet(nn.Module):
    """mini_resnet, of torchvision's blocks."""

    def __init__(self, classes, width, blocks):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.layer1 = self.stage(width, width, blocks, 1)
        self.layer2 = self.stage(width, 2 * width, blocks, 2)
        self.layer3 = self.stage(2 * width, 4 * width, blocks, 2)
        self.fc = nn.Linear(4 * width, classes)

    @staticmethod
    def stage(inputs, channels, blocks, stride):
        down = None
        if stride != 1:
            down = nn.Sequential(nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
        return nn.Sequential(BasicBlock(inputs, channels, stride, down),
                             *[BasicBlock(channels, channels) for _ in range(blocks - 1)])

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


evaluate("mini", MiniResNet(10, 16, 1), 32)

# One training pass: the gradients of a weighted sum of the outputs, every 97th number, and running statistics.
net = formula.fill(MiniResNet(10, 8, 2)).train()
x = formula.pictures("training", 3, 3, 16, 16).requires_grad_(True)
y = net(x)
g = formula.sequences("training.gradient", 1, 3, 10)[0]
y.backward(g)
golden.line("training.output", y)
golden.line("training.gradient", [v for p in net.parameters() for v in p.grad.flatten().tolist()][::97])
golden.line("training.input_gradient", x.grad.permute(0, 2, 3, 1).flatten()[::17])
golden.line("training.statistics",
            [v for n, b in net.named_buffers() if "running" in n for v in b.flatten().tolist()][::7])
