"""What every comparison with a peer shares: a fair environment, alternating runs, one line a case.

A comparison is two files: NAME_ours.cpp (our side, a plain program built with the `native` preset, see serve.hpp) and
NAME_peer.py (the peer's side, which starts ours). The Python file makes the data, hands it to our program in files, and
calls compare() once a case:

    import peer                               # FIRST: it sets the environment that numpy and others read when imported
    import numpy as np

    def main():
        arguments = peer.arguments(__doc__)
        with peer.scratch() as folder:
            x = np.random.default_rng(0).standard_normal((1000, 64), dtype=np.float32)
            x.tofile(folder / "x.f32")
            peer.compare("gram 1000x64", arguments,
                         ours=["gram_ours", folder / "x.f32", 1000, 64],
                         theirs=lambda: float((x.T @ x)[0, 0]), tolerance=1e-4)

    if __name__ == "__main__":
        main()

Run it as `python gram_peer.py --bin build/native/bench/peers`; scripts/bench_peers.sh runs all of them. Output:

    name                                      ours         peer    ratio
    gram 1000x64                         0.000213 s   0.000240 s     1.13

ratio = peer's seconds / our seconds: above 1 we are faster. Both numbers are medians of samples taken in turns, so that a
change of the machine's speed meets both sides. With one thread the clock is the CPU time of the process, which programs
beside it disturb least; with more it is the wall clock.
"""
import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def _cpu_flags():
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("flags"):
                    return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return set()


def _prepare_environment():
    """The peers at their best: older OpenBLAS releases do not know newer CPUs and fall back to SSE kernels, up to 5x slower.

    SkylakeX is the newest name that all of them know (the release inside the faiss wheel takes a newer one for Prescott).
    """
    if "numpy" in sys.modules:
        raise ImportError("import peer before numpy: the environment of the BLAS library is read when it is loaded")
    flags = _cpu_flags()
    if "OPENBLAS_CORETYPE" not in os.environ:
        if "avx512f" in flags:
            os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"
        elif "avx2" in flags:
            os.environ["OPENBLAS_CORETYPE"] = "Haswell"
    threads = os.environ.get("MMREC_PEER_THREADS", "1")
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ[name] = threads
    # Without these two, every large array is mapped and unmapped anew and its page faults are timed.
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", "4000000000")
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "8000000000")


_prepare_environment()

#: Threads of both sides; set by MMREC_PEER_THREADS before the start, because libraries read it when loaded.
threads = int(os.environ["OPENBLAS_NUM_THREADS"])


def arguments(description=None):
    """Parses the options that all comparisons have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of our programs (build/native/bench/peers)")
    parser.add_argument("--samples", type=int, default=5, help="timed samples of each side (default 5)")
    parser.add_argument("--seconds", type=float, default=0.2, help="least length of a sample, by repetition (default 0.2)")
    parser.add_argument("--filter", default="", help="only cases whose name contains this")
    parser.add_argument("--verbose", action="store_true", help="print all samples and the BLAS kernels in use as well")
    return parser.parse_args()


@contextlib.contextmanager
def scratch():
    """A folder for the data handed to our program, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="mmrec-peer-") as folder:
        yield pathlib.Path(folder)


class _Ours:
    """Our program, kept running: it sets up once and answers each `run` with seconds and a check value."""

    def __init__(self, folder, command):
        program = folder / str(command[0])
        if not program.exists():
            raise SystemExit(f"{program} does not exist: build the native preset first (scripts/bench_peers.sh does)")
        self._process = subprocess.Popen([str(program), *map(str, command[1:])], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        if self._line() != "ready":
            raise SystemExit(f"{program} did not start; it has to print 'ready' (see serve.hpp)")

    def _line(self):
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args[0]} ended early with status {self._process.wait()}")
        return line.strip()

    def __call__(self, runs):
        self._process.stdin.write(f"run {runs} {'cpu' if threads == 1 else 'wall'}\n")
        self._process.stdin.flush()
        seconds, check = self._line().split()
        return float(seconds), float(check)

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def _their_sample(theirs, runs):
    clock = time.process_time if threads == 1 else time.perf_counter
    begin = clock()
    for _ in range(runs):
        check = theirs()
    return (clock() - begin) / runs, check


def _print_header_once():
    if not _print_header_once.done:
        print(f"{'name':<36} {'ours':>12} {'peer':>12} {'ratio':>8}", flush=True)
        _print_header_once.done = True


# scripts/bench_peers.sh runs several comparisons under one header.
_print_header_once.done = os.environ.get("MMREC_PEER_HEADER") == "done"


def compare(name, options, ours, theirs, tolerance=None):
    """Times one case and prints its line; returns the ratio, or None when --filter leaves the case out.

    ours       the program's file name and its arguments; it calls peers::serve (serve.hpp)
    theirs     a callable that does the same work once with the peer, and may return a check value
    tolerance  if given, both check values have to agree to this relative error: no ratio of two different results
    """
    if options.filter not in name:
        return None
    program = _Ours(options.bin, ours)
    try:
        first_ours, our_check = program(1)  # warms both sides up, and tells how often to repeat
        first_theirs, their_check = _their_sample(theirs, 1)
        if tolerance is not None and abs(our_check - their_check) > tolerance * max(abs(our_check), abs(their_check)):
            raise SystemExit(f"{name}: the two sides do not agree: ours {our_check}, peer {their_check}")
        our_runs = max(1, int(options.seconds / max(first_ours, 1e-9)))
        their_runs = max(1, int(options.seconds / max(first_theirs, 1e-9)))
        our_samples, their_samples = [], []
        for turn in range(options.samples):
            for side in ((0, 1), (1, 0))[turn % 2]:
                if side == 0:
                    our_samples.append(program(our_runs)[0])
                else:
                    their_samples.append(_their_sample(theirs, their_runs)[0])
    finally:
        program.close()
    our_seconds, their_seconds = statistics.median(our_samples), statistics.median(their_samples)
    ratio = their_seconds / our_seconds
    _print_header_once()
    print(f"{name:<36} {our_seconds:>10.4g} s {their_seconds:>10.4g} s {ratio:>8.2f}", flush=True)
    if options.verbose:
        print("  ours ", " ".join(f"{value:.4g}" for value in sorted(our_samples)))
        print("  peer ", " ".join(f"{value:.4g}" for value in sorted(their_samples)))
        print("  blas ", ", ".join(blas_kernels()) or "unknown", flush=True)
    return ratio


def blas_kernels():
    """The kernels that the loaded BLAS libraries chose, to show that they are not the slow fallback."""
    try:
        import threadpoolctl
    except ImportError:
        return []
    return [f"{library.get('internal_api')} {library.get('version')} {library['architecture']} T={library['num_threads']}"
            for library in threadpoolctl.threadpool_info() if "architecture" in library]
