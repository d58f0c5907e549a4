# Makes optimizers.txt: parameters after some of 20 steps of PyTorch's optimisers, in double and in float, with gradients
# that do not depend on the parameters. A line is a name and numbers.
# Run with Python that has torch: python optimizers.py
import warnings

import torch

warnings.filterwarnings("ignore")
torch.manual_seed(7)
out = open(__file__.replace("optimizers.py", "optimizers.txt"), "w")
steps, count, width = 20, 12, 3
begin = torch.randn(count, dtype=torch.float64).float().double()
gradients = torch.randn(steps, count, dtype=torch.float64).float().double()
gradients[:, 4] = 0  # never moved by a gradient
gradients[:, 5] *= 1e-6
gradients[:, 6] *= 1e4
gradients = gradients.float().double()


def line(name, tensor):
    out.write(name + " " + " ".join("%.17g" % v for v in tensor.detach().double().flatten().tolist()) + "\n")


line("begin", begin)
line("gradients", gradients)


def dense(name, make, factor=None):
    for dtype in (torch.float64, torch.float32):
        p = torch.nn.Parameter(begin.to(dtype, copy=True))
        optimizer = make([p])
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor) if factor else None
        for t in range(steps):
            p.grad = gradients[t].to(dtype)
            optimizer.step()
            if schedule:
                schedule.step()
            if t + 1 in (1, 2, 10, 20):
                line(f"{name}.{str(dtype)[6:]}.{t + 1}", p)


O = torch.optim
dense("sgd", lambda p: O.SGD(p))
dense("sgd_decayed", lambda p: O.SGD(p, lr=0.05, weight_decay=0.1))
dense("momentum", lambda p: O.SGD(p, momentum=0.9))
dense("momentum_decayed", lambda p: O.SGD(p, lr=0.02, momentum=0.8, weight_decay=0.1))
dense("nesterov", lambda p: O.SGD(p, momentum=0.9, nesterov=True))
dense("nesterov_decayed", lambda p: O.SGD(p, lr=0.02, momentum=0.8, weight_decay=0.1, nesterov=True))
dense("adagrad", lambda p: O.Adagrad(p))
dense("adagrad_decayed", lambda p: O.Adagrad(p, lr=0.1, lr_decay=0.05, weight_decay=0.1, eps=1e-6))
dense("rmsprop", lambda p: O.RMSprop(p))
dense("rmsprop_decayed", lambda p: O.RMSprop(p, lr=0.02, alpha=0.9, weight_decay=0.1, eps=1e-6))
dense("adam", lambda p: O.Adam(p))
dense("adam_decayed", lambda p: O.Adam(p, lr=0.02, betas=(0.8, 0.95), weight_decay=0.1, eps=1e-6))
dense("adam_scheduled", lambda p: O.Adam(p, lr=0.02), lambda t: 1 / (1 + t))
dense("adamw", lambda p: O.AdamW(p))
dense("adamw_decayed", lambda p: O.AdamW(p, lr=0.02, betas=(0.8, 0.95), weight_decay=0.3, eps=1e-6))


def touched(t):  # rows of the 4 x 3 table: row 3 is never touched, row 2 early only
    return [0, 2] if t < 5 else ([0] if t % 2 else [0, 1])


def sparse(name, make):
    p = torch.nn.Parameter(begin.reshape(-1, width).clone())
    optimizer = make([p])
    for t in range(steps):
        rows = torch.tensor(touched(t))
        p.grad = torch.sparse_coo_tensor(rows[None], gradients[t].reshape(-1, width)[rows], p.shape)
        optimizer.step()
        if t + 1 in (1, 2, 10, 20):
            line(f"{name}.float64.{t + 1}", p)


sparse("sparse_sgd", lambda p: O.SGD(p, lr=0.05))
sparse("sparse_adagrad", lambda p: O.Adagrad(p, lr=0.05, lr_decay=0.1))
# Tiny epsilon: SparseAdam adds it elsewhere than Adam does.
sparse("sparse_adam", lambda p: O.SparseAdam(p, lr=0.05, eps=1e-30))

p = torch.nn.Parameter(begin.clone())
p.grad = gradients[0].clone()
line("clip.norm", torch.nn.utils.clip_grad_norm_([p], 0.75))
line("clip.gradients", p.grad)
