"""Networks in PyTorch under the names of ours, and their weights in files that our programs read."""
import json
import struct

import torch
import torch.nn.functional as F
from torch import nn


class BasicBlock(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or inputs != channels:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += x if self.downsample is None else self.downsample(x)
        return F.relu(y, inplace=True)


class ResNet(nn.Module):
    """Stages of basic blocks; a first convolution of width 7 and a pooling for large pictures, of width 3 for small ones."""

    def __init__(self, widths, blocks, classes, large):
        super().__init__()
        self.large = large
        self.conv1 = nn.Conv2d(3, widths[0], 7 if large else 3, 2 if large else 1, 3 if large else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        inputs = widths[0]
        for stage, width in enumerate(widths, 1):
            setattr(self, f"layer{stage}", nn.Sequential(*[
                BasicBlock(inputs if block == 0 else width, width, 2 if block == 0 and stage > 1 else 1)
                for block in range(blocks)]))
            inputs = width
        self.stages = len(widths)
        self.fc = nn.Linear(widths[-1], classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        if self.large:
            x = F.max_pool2d(x, 3, 2, 1)
        for stage in range(1, self.stages + 1):
            x = getattr(self, f"layer{stage}")(x)
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def mini_resnet():
    return ResNet([16, 32, 64], 1, 10, large=False)


def resnet18():
    return ResNet([64, 128, 256, 512], 2, 1000, large=True)


class TextLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10000, 64)
        self.lstm = nn.LSTM(64, 64, batch_first=True)

    def forward(self, ids):
        return self.lstm(self.embedding(ids))[1][0][-1]


class ImageCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.conv2, self.bn2 = nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32)
        self.conv3, self.bn3 = nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x)), inplace=True), 2)
        return F.relu(self.bn3(self.conv3(x)), inplace=True).mean((2, 3))


class AudioLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(40, 64, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[1][0][-1]


class Mmn(nn.Module):
    def __init__(self):
        super().__init__()
        self.text, self.image, self.audio = TextLstm(), ImageCnn(), AudioLstm()
        self.fc = nn.Linear(192, 1)

    def forward(self, ids, picture, frames):
        return self.fc(torch.cat([self.text(ids), self.image(picture), self.audio(frames)], 1))


def save(net, path):
    """The state of a network as a safetensors file."""
    header, parts, offset = {}, [], 0
    for name, tensor in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        data = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for data in parts:
            file.write(data)


def channels_last_bytes(pictures):
    return pictures.permute(0, 2, 3, 1).contiguous().numpy().tobytes()
