# Makes mel.csv: the filter banks of librosa (which also holds HTK's scale), and logarithmic mel spectra and cepstral
# coefficients that librosa and SciPy make of a sound. A line is a name and its numbers.
import librosa
import numpy as np
import scipy.fft
import torch

rng = np.random.default_rng(6)
time = np.arange(1200) / 8000
x = (0.4 * np.sin(2 * np.pi * 440 * time * (1 + time)) + 0.05 * rng.standard_normal(1200)).astype(np.float32)


def line(out, name, numbers):
    out.write(",".join([name] + ["%.9g" % v for v in np.asarray(numbers).ravel()]) + "\n")


with open(__file__.replace("mel.py", "mel.csv"), "w") as out:
    for name, rate, fft, bands, low, high, htk, norm in [
            ("htk", 16000, 128, 6, 0, 8000, True, None), ("slaney", 22050, 256, 12, 50, 11025, False, "slaney"),
            ("narrow", 8000, 64, 20, 100, 3800, False, None)]:
        bank = librosa.filters.mel(sr=rate, n_fft=fft, n_mels=bands, fmin=low, fmax=high, htk=htk, norm=norm, dtype=np.float64)
        line(out, f"bank {name}", bank)
    line(out, "sound", x)
    spectra = torch.stft(torch.tensor(x, dtype=torch.float64), 256, 80, 200, torch.hann_window(200, dtype=torch.float64),
                         center=True, pad_mode="reflect", return_complex=True).abs().numpy() ** 2
    bank = librosa.filters.mel(sr=8000, n_fft=256, n_mels=40, htk=True, norm=None, dtype=np.float64)
    log_mel = np.log(np.maximum(bank @ spectra, 1e-10)).T
    line(out, "log mel", log_mel)
    line(out, "mfcc", scipy.fft.dct(log_mel, type=2, norm="ortho", axis=1)[:, :13])
