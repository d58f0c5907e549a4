// Spectra of 60 s of sound at 16 kHz as seconds of sound a second (counter "real_time"): every instruction set and form, the
// inverse, and a log-mel front end. 400 is a window without padding to a power of two. The twin is Eigen's FFT, one frame
// at a time.
#include <complex>
#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>
#include <unsupported/Eigen/FFT>

#include <mmrec/audio/log_mel.hpp>
#include <mmrec/audio/stft.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/kernel/cpu_features.hpp>

namespace {

using namespace mmrec;

constexpr double seconds = 60.0;

const std::vector<float>& sound() {
  static const std::vector<float> samples = [] {
    random_stream random(seed{1});
    std::vector<float> values(static_cast<std::size_t>(seconds * 16000));
    for (float& x : values) x = static_cast<float>(random.uniform() - 0.5);
    return values;
  }();
  return samples;
}

void count_sound(benchmark::State& state) {
  state.counters["real_time"] = benchmark::Counter(seconds, benchmark::Counter::kIsIterationInvariantRate);
}

template <audio::spectrum_form Form, kernel::simd_level Level>
void spectra(benchmark::State& state) {
  if (Level > kernel::best_simd_level()) return state.SkipWithError("this machine lacks the instructions");
  const audio::stft<float> transform({.fft = static_cast<int>(state.range(0)), .centered = false});
  audio::stft<float>::workspace scratch;
  kernel::aligned_vector<float> out(transform.frames(sound().size()) * transform.width(Form));
  for (auto _ : state) {
    transform.spectra(sound(), Form, out.data(), scratch, Level);
    benchmark::DoNotOptimize(out.data());
  }
  count_sound(state);
}
BENCHMARK_TEMPLATE(spectra, audio::spectrum_form::complex, kernel::simd_level::avx512)->Arg(512);
BENCHMARK_TEMPLATE(spectra, audio::spectrum_form::power, kernel::simd_level::avx512)->Arg(400)->Arg(512)->Arg(2048);
BENCHMARK_TEMPLATE(spectra, audio::spectrum_form::power, kernel::simd_level::avx2)->Arg(400)->Arg(512)->Arg(2048);
BENCHMARK_TEMPLATE(spectra, audio::spectrum_form::power, kernel::simd_level::portable)->Arg(512);

void eigen_spectra(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  Eigen::FFT<float> fft;
  fft.SetFlag(Eigen::FFT<float>::HalfSpectrum);
  std::vector<float> window(size), frame(size);
  audio::fill_window<float>(audio::window_shape::hann, window);
  std::vector<std::complex<float>> spectrum;
  const std::size_t frames = 1 + (sound().size() - size) / 160, bins = size / 2 + 1;
  std::vector<float> out(frames * bins);
  for (auto _ : state) {
    for (std::size_t t = 0; t < frames; ++t) {
      for (std::size_t i = 0; i < size; ++i) frame[i] = sound()[t * 160 + i] * window[i];
      fft.fwd(spectrum, frame);
      for (std::size_t k = 0; k < bins; ++k) out[t * bins + k] = std::norm(spectrum[k]);
    }
    benchmark::DoNotOptimize(out.data());
  }
  count_sound(state);
}
BENCHMARK(eigen_spectra)->Arg(512);

void inverse(benchmark::State& state) {
  const audio::stft<float> transform({.fft = 512});
  audio::stft<float>::workspace scratch;
  std::vector<float> back(sound().size());
  std::vector<float> all(transform.frames(back.size()) * transform.width(audio::spectrum_form::complex));
  transform.spectra(sound(), audio::spectrum_form::complex, all.data(), scratch);
  for (auto _ : state) {
    transform.inverse(all, back, scratch);
    benchmark::DoNotOptimize(back.data());
  }
  count_sound(state);
}
BENCHMARK(inverse);

void log_mel(benchmark::State& state) {
  const audio::log_mel_model model({.bands = static_cast<int>(state.range(0))}, 16000);
  audio::log_mel_model::workspace scratch;
  data::sequence<float> out;
  for (auto _ : state) {
    model.transform_one({sound(), 16000}, out, scratch);
    benchmark::DoNotOptimize(out.values.data());
  }
  count_sound(state);
}
BENCHMARK(log_mel)->Arg(40)->Arg(80);

}  // namespace
