# BERTs of the transformers package with weights by formula: outputs in evaluation, gradients of a training pass.
# Run: python nn_bert.py (needs torch and transformers)
import sys

import torch

here = sys.path.pop(0)  # safetensors.py lies beside this script, and transformers imports a package of that name
from transformers import BertConfig, BertModel  # noqa: E402

sys.path.insert(0, here)
import nn_formula as formula  # noqa: E402
from nn_golden import Golden  # noqa: E402

golden = Golden(__file__)


def bert(layers, hidden, heads, intermediate, vocabulary, positions):
    return formula.fill(BertModel(BertConfig(
        num_hidden_layers=layers, hidden_size=hidden, num_attention_heads=heads, intermediate_size=intermediate,
        vocab_size=vocabulary, max_position_embeddings=positions, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, attn_implementation="eager")))


def run(net, ids, lengths):
    mask = torch.arange(ids.shape[1])[None, :] < torch.tensor(lengths)[:, None]
    given = net(input_ids=ids, attention_mask=mask.long())
    return given.last_hidden_state * mask[:, :, None], given.pooler_output, mask


net = bert(2, 128, 4, 512, 1000, 64).eval()
ids = formula.tokens("bert", 3, 20, 1000)
states, pooled, mask = run(net, ids, [20, 7, 1])
golden.line("bert.states", states.flatten()[::13])
golden.line("bert.pooled", pooled.flatten()[::3])
mean = states.sum(1) / mask.sum(1)[:, None]
golden.line("bert.sentences", torch.nn.functional.normalize(mean).flatten()[::3])

net = bert(2, 8, 2, 16, 30, 10).train()
ids = formula.tokens("training", 3, 6, 30)
states, pooled, mask = run(net, ids, [6, 4, 1])
g = formula.sequences("training.gradient", 3, 6, 8) * mask[:, :, None]
states.backward(g)
golden.line("training.states", states)
golden.line("training.gradient",
            [v for n, p in net.named_parameters() if "pooler" not in n for v in p.grad.flatten().tolist()][::5])
