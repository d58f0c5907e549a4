"""Short-time Fourier transforms of 60 s at 16 kHz against torch.stft and, where it was found when our side was built, FFTW.

complex    torch.stft as it is (its result has bins before frames in memory order of its own choice)
power      torch.stft, then squared magnitudes; FFTW with a measured plan, window and squared magnitudes in plain loops
log_mel    80 bands; torch.stft, squared magnitudes, a product with the filters, a logarithm
"""
import peer  # first: sets the environment of the BLAS libraries

import statistics

import numpy as np
import torch

RATE, FFT, HOP = 16000, 512, 160


def checksum(values):
    """Sum over every 997th number, frames outermost."""
    return float(np.abs(values.reshape(-1)[::997].astype(np.float64)).sum())


def mel_filters(bands):
    corners = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), bands + 2) / 2595) - 1)
    hertz = np.arange(FFT // 2 + 1) * RATE / FFT
    rising = (hertz - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - hertz) / (corners[2:] - corners[1:-1])[:, None]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def compare_with_fftw(arguments, folder, count):
    """Both sides are programs, run in turns."""
    name = f"stft 60 s, {FFT}/{HOP}, power, fftw"
    if arguments.filter not in name or peer.threads != 1:
        return
    sides = []
    try:
        for what in ("power", "fftw"):
            sides.append(peer._Ours(arguments.bin, ["stft_ours", what, folder / "sound.f32", count, FFT, HOP]))
    except SystemExit:
        print(f"# {name}: left out, built without FFTW")
        return
    checks = [side(1)[1] for side in sides]
    if abs(checks[0] - checks[1]) > 1e-4 * checks[1]:
        raise SystemExit(f"{name}: the two sides do not agree: ours {checks[0]}, peer {checks[1]}")
    samples = ([], [])
    for turn in range(arguments.samples):
        for side in ((0, 1), (1, 0))[turn % 2]:
            samples[side].append(sides[side](max(1, int(arguments.seconds / sides[side](1)[0])))[0])
    for side in sides:
        side.close()
    ours, theirs = (statistics.median(values) for values in samples)
    print(f"{name:<36} {ours:>10.4g} s {theirs:>10.4g} s {theirs / ours:>8.2f}", flush=True)


def main():
    arguments = peer.arguments(__doc__)
    torch.set_num_threads(peer.threads)
    print(f"# torch {torch.__version__}")
    generator = np.random.default_rng(0)
    count = 60 * RATE
    sound = (np.sin(0.01 * np.arange(count)) + 0.1 * generator.standard_normal(count)).astype(np.float32)
    window = torch.hann_window(FFT)
    signal = torch.from_numpy(sound)
    filters = torch.from_numpy(mel_filters(80))

    def transform():
        return torch.stft(signal, FFT, HOP, FFT, window, center=False, return_complex=True)

    def power():
        return transform().abs().square()

    def log_mel():
        return torch.log(torch.clamp(filters @ power(), min=1e-10))

    with peer.scratch() as folder, torch.inference_mode():
        sound.tofile(folder / "sound.f32")
        for name, work, order in [("complex", transform, lambda x: torch.view_as_real(x.T.contiguous())),
                                  ("power", power, lambda x: x.T.contiguous()),
                                  ("log_mel", log_mel, lambda x: x.T.contiguous())]:
            if name == "log_mel" and peer.threads != 1:
                continue  # ours is one thread a sound
            wanted = checksum(order(work()).numpy())
            peer.compare(f"stft 60 s, {FFT}/{HOP}, {name}, torch", arguments,
                         ["stft_ours", name, folder / "sound.f32", count, FFT, HOP],
                         lambda: (work(), wanted)[1], tolerance=1e-4)
        compare_with_fftw(arguments, folder, count)


if __name__ == "__main__":
    main()
