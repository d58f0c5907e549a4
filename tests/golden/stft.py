# Makes stft.csv: a sound and what torch.stft gives for it, with several windows, lengths and with and without centring.
# A line is a name and its numbers; spectra are rows of frames, real and imaginary part in turn.
import numpy as np
import torch

rng = np.random.default_rng(5)
x = (0.5 * np.sin(0.07 * np.arange(150)) + 0.2 * rng.standard_normal(150)).astype(np.float32)
cases = [("hann", 32, 32, 10, True), ("hamming", 30, 30, 7, False), ("rectangular", 16, 16, 16, True), ("hann", 40, 25, 13, True),
         ("hamming", 21, 15, 9, True), ("hann", 25, 25, 50, False)]
windows = {"hann": torch.hann_window, "hamming": torch.hamming_window, "rectangular": lambda n, dtype: torch.ones(n, dtype=dtype)}
with open(__file__.replace("stft.py", "stft.csv"), "w") as out:
    out.write(",".join(["sound"] + ["%.9g" % v for v in x]) + "\n")
    for shape, fft, size, hop, centered in cases:
        result = torch.stft(torch.tensor(x, dtype=torch.float64), fft, hop, size, windows[shape](size, dtype=torch.float64),
                            center=centered, pad_mode="reflect", return_complex=True).numpy().T
        numbers = np.stack([result.real, result.imag], -1).ravel()
        name = f"{shape} {fft} {size} {hop} {int(centered)}"
        out.write(",".join([name] + ["%.8g" % v for v in numbers]) + "\n")
