// Short-time Fourier transform of one long sound, Hann window, without centring.
// stft_ours complex|power|log_mel|fftw SAMPLES.f32 COUNT FFT HOP
// fftw: power spectra by FFTW with a measured plan, where that library was there when this was built.
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include <mmrec/audio/log_mel.hpp>
#include <mmrec/audio/stft.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>

#include "peers/serve.hpp"

#ifdef MMREC_PEERS_FFTW
#include <fftw3.h>
#endif

namespace {

using namespace mmrec;

std::vector<float> read_floats(const char* path, std::size_t count) {
  std::vector<float> values(count);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(float)))) {
    throw std::runtime_error("cannot read " + std::string(path));
  }
  return values;
}

/// Sum over every 997th number.
template <class Values>
double checksum(const Values& values) {
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); i += 997) sum += std::abs(static_cast<double>(values[i]));
  return sum;
}

#ifdef MMREC_PEERS_FFTW
int serve_fftw(const std::vector<float>& sound, std::size_t fft, std::size_t hop) {
  const std::size_t frames = 1 + (sound.size() - fft) / hop, bins = fft / 2 + 1;
  std::vector<float> window(fft);
  audio::fill_window<float>(audio::window_shape::hann, window);
  float* in = fftwf_alloc_real(fft);
  fftwf_complex* spectrum = fftwf_alloc_complex(bins);
  const fftwf_plan plan = fftwf_plan_dft_r2c_1d(static_cast<int>(fft), in, spectrum, FFTW_MEASURE);
  kernel::aligned_vector<float> out(frames * bins);
  return peers::serve([&] {
    for (std::size_t frame = 0; frame < frames; ++frame) {
      for (std::size_t i = 0; i < fft; ++i) in[i] = sound[frame * hop + i] * window[i];
      fftwf_execute(plan);
      for (std::size_t k = 0; k < bins; ++k) {
        out[frame * bins + k] = spectrum[k][0] * spectrum[k][0] + spectrum[k][1] * spectrum[k][1];
      }
    }
    return checksum(out);
  });
}
#endif

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const std::string what = argv[1];
  const std::vector<float> sound = read_floats(argv[2], std::stoul(argv[3]));
  const std::size_t fft = std::stoul(argv[4]), hop = std::stoul(argv[5]);
  if (what == "fftw") {
#ifdef MMREC_PEERS_FFTW
    return serve_fftw(sound, fft, hop);
#else
    return 3;
#endif
  }
  const char* asked = std::getenv("MMREC_PEER_THREADS");
  const std::size_t threads = asked == nullptr ? 1 : std::stoul(asked);
  const exec::cpu_session session(exec::cpu{.threads = threads});
  if (what == "log_mel") {
    const double rate = 16000.0;
    const audio::log_mel_model model(
        {.bands = 80, .window = static_cast<double>(fft) / rate, .hop = static_cast<double>(hop) / rate, .centered = false},
        16000);
    audio::log_mel_model::workspace scratch;
    data::sequence<float> out;
    return peers::serve([&] {
      model.transform_one({sound, 16000}, out, scratch);
      return checksum(out.values);
    });
  }
  const audio::stft<float> transform({.fft = static_cast<int>(fft), .hop = static_cast<int>(hop), .centered = false});
  const auto form = what == "power" ? audio::spectrum_form::power : audio::spectrum_form::complex;
  const std::size_t frames = transform.frames(sound.size()), width = transform.width(form);
  kernel::aligned_vector<float> out(frames * width);
  const std::size_t parts = threads, step = (frames + parts - 1) / parts;
  std::vector<audio::stft<float>::workspace> scratch(parts);
  return peers::serve([&] {
    for_ranges(session.executor(), frames, step, [&](std::size_t begin, std::size_t end) {
      transform.spectra(sound, begin, end - begin, form, out.data() + begin * width, scratch[begin / step]);
    });
    return checksum(out);
  });
}
