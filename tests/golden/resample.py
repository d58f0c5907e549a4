# Makes resample.csv: noise, and what scipy.signal.resample_poly makes of it with a Kaiser filter of our length and cut-off.
import math
import numpy as np
import scipy.signal

rng = np.random.default_rng(7)
x = rng.standard_normal(120).astype(np.float32)
with open(__file__.replace("resample.py", "resample.csv"), "w") as out:
    out.write(",".join(["sound"] + ["%.9g" % v for v in x]) + "\n")
    for source, target, zeros, attenuation in [(8000, 16000, 16, 60.0), (44100, 16000, 64, 80.0), (16000, 11025, 24, 100.0),
                                               (3, 7, 8, 40.0)]:
        common = math.gcd(source, target)
        up, down = target // common, source // common
        half = zeros * max(up, down)
        transition = (attenuation - 8) / (2.285 * 2 * zeros * np.pi)
        taps = scipy.signal.firwin(2 * half + 1, (1 - transition / 2) / max(up, down),
                                   window=("kaiser", scipy.signal.kaiser_beta(attenuation)))
        y = scipy.signal.resample_poly(x.astype(np.float64), up, down, window=taps)
        out.write(",".join([f"{source} {target} {zeros} {attenuation:g}"] + ["%.9g" % v for v in y]) + "\n")
