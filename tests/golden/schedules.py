# Makes schedules.txt: factors of the learning rate that PyTorch's schedulers give. A line is a name and numbers.
# Run with Python that has torch: python schedules.py
import warnings
import torch
from torch.optim import lr_scheduler as S

warnings.filterwarnings("ignore")
out = open(__file__.replace("schedules.py", "schedules.txt"), "w")


def factors(name, make, steps, values=None):
    p = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([p], lr=1.0)
    schedule = make(optimizer)
    rates = []
    for t in range(steps):
        optimizer.step()
        if values is None:
            rates.append(optimizer.param_groups[0]["lr"])
            if t + 1 < steps:
                schedule.step()
        else:
            schedule.step(values[t])
            rates.append(optimizer.param_groups[0]["lr"])
    out.write(name + " " + " ".join("%.17g" % r for r in rates) + "\n")


factors("step", lambda o: S.StepLR(o, 7, 0.3), 30)
factors("exponential", lambda o: S.ExponentialLR(o, 0.9), 30)
factors("cosine", lambda o: S.CosineAnnealingLR(o, 20, 0.1), 21)
factors("one_cycle", lambda o: S.OneCycleLR(o, 1.0, total_steps=30), 30)
factors("one_cycle_other", lambda o: S.OneCycleLR(o, 1.0, total_steps=17, pct_start=0.45, div_factor=10, final_div_factor=50), 17)


def warm(o):
    return S.SequentialLR(o, [S.LinearLR(o, 0.25, 1.0, 6), S.CosineAnnealingLR(o, 14, 0.1)], [6])


factors("warm_up", warm, 20)
values = [5, 4, 4, 4.0001, 3.9998, 4, 4, 4, 4, 4, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, float("nan"), 1, 1]
out.write("plateau_values " + " ".join("%.17g" % v for v in values) + "\n")
factors("plateau", lambda o: S.ReduceLROnPlateau(o, factor=0.5, patience=2, eps=0), len(values), values)
factors("plateau_cooled", lambda o: S.ReduceLROnPlateau(o, factor=0.5, patience=1, cooldown=2, min_lr=0.1, threshold=0.1, eps=0), len(values), values)
factors("plateau_up", lambda o: S.ReduceLROnPlateau(o, mode="max", factor=0.5, patience=2, eps=0), len(values), values)
