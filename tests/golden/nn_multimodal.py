# Networks of text, picture and sound in PyTorch, with weights by formula: outputs, and gradients of a training pass (every
# 7th number). Run: python nn_multimodal.py (needs torch)
import torch
import torch.nn.functional as F
from torch import nn

import nn_formula as formula
from nn_golden import Golden

golden = Golden(__file__)


def last_states(lstm, x, lengths):
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return lstm(packed)[1][0][-1]


class TextCnn(nn.Module):
    def __init__(self, vocabulary, d, filters, classes=0):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d)
        self.convs = nn.ModuleList(nn.Conv1d(d, filters, width) for width in (3, 4, 5))
        if classes:
            self.fc = nn.Linear(3 * filters, classes)

    def forward(self, ids, lengths):
        rows = []
        for row, length in zip(ids, lengths):
            x = self.embedding(row[:length]).T
            rows.append(torch.cat([F.relu(conv(x)).amax(1) if length >= conv.kernel_size[0]
                                   else torch.zeros(conv.out_channels) for conv in self.convs]))
        x = torch.stack(rows)
        return self.fc(x) if hasattr(self, "fc") else x


class TextLstm(nn.Module):
    def __init__(self, vocabulary, d, hidden, classes=0):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d)
        self.lstm = nn.LSTM(d, hidden, batch_first=True)
        if classes:
            self.fc = nn.Linear(hidden, classes)

    def forward(self, ids, lengths):
        x = last_states(self.lstm, self.embedding(ids), lengths)
        return self.fc(x) if hasattr(self, "fc") else x


class ImageCnn(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, 2 * width, 3, padding=1, bias=False), nn.BatchNorm2d(2 * width)
        self.conv3, self.bn3 = nn.Conv2d(2 * width, 4 * width, 3, padding=1, bias=False), nn.BatchNorm2d(4 * width)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return F.relu(self.bn3(self.conv3(x))).mean((2, 3))


class AudioLstm(nn.Module):
    def __init__(self, bands, hidden):
        super().__init__()
        self.lstm = nn.LSTM(bands, hidden, batch_first=True)

    def forward(self, x, lengths):
        return last_states(self.lstm, x, lengths)


class AudioCnn(nn.Module):
    def __init__(self, bands, filters):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv1d(bands, filters, 5, padding=2, bias=False), nn.BatchNorm1d(filters)
        self.conv2, self.bn2 = nn.Conv1d(filters, 2 * filters, 3, padding=1, bias=False), nn.BatchNorm1d(2 * filters)

    def forward(self, x, lengths):
        x = F.max_pool1d(F.relu(self.bn1(self.conv1(x.transpose(1, 2)))), 2)
        return F.relu(self.bn2(self.conv2(x))).amax(2)


class Multimodal(nn.Module):
    def __init__(self, text, image, audio, width):
        super().__init__()
        self.text, self.image, self.audio = text, image, audio
        self.fc = nn.Linear(width, 1)

    def forward(self, ids, id_lengths, pictures, frames, frame_lengths):
        return self.fc(torch.cat([self.text(ids, id_lengths), self.image(pictures), self.audio(frames, frame_lengths)], 1))


def gradients(name, net):
    golden.line(name + ".gradient", [v for n, p in net.named_parameters() if "bias_hh" not in n
                                     for v in p.grad.flatten().tolist()][::7])


def text(name, net):
    formula.fill(net)
    y = net(formula.tokens(name, 4, 8, 50), [8, 5, 4, 1])
    y.backward(formula.sequences(name + ".gradient", 1, 4, y.shape[1])[0])
    golden.line(name + ".output", y)
    gradients(name, net)


def multimodal(name, net, frame_lengths):
    formula.fill(net)
    given = (formula.tokens(name + ".text", 3, 8, 50), [8, 5, 1], formula.pictures(name + ".image", 3, 3, 12, 10),
             formula.sequences(name + ".audio", 3, 9, 6), frame_lengths)
    golden.line(name + ".evaluated", net.eval()(*given))
    y = net.train()(*given)
    golden.line(name + ".output", y)
    y.backward(formula.sequences(name + ".gradient", 1, 3, 1)[0])
    gradients(name, net)


text("text_cnn", TextCnn(50, 6, 8, 5))
text("text_lstm", TextLstm(50, 6, 8, 5))
multimodal("mmn", Multimodal(TextLstm(50, 6, 7), ImageCnn(4), AudioLstm(6, 5), 28), [9, 4, 1])
multimodal("mm_cnn", Multimodal(TextCnn(50, 6, 7), ImageCnn(4), AudioCnn(6, 5), 47), [9, 9, 9])
