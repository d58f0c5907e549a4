// curves.hpp - losses epoch by epoch, as a table and as a picture.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <mmrec/io/atomic_file.hpp>
#include <mmrec/nn/train/training.hpp>

namespace training {

/// What the training of one network came to, epoch by epoch.
struct curve {
  std::string network;
  std::vector<mmrec::nn::epoch_report> epochs;
};

template <class... Arguments>
std::string formatted(const char* format, Arguments... arguments) {
  std::array<char, 512> line{};
  std::snprintf(line.data(), line.size(), format, arguments...);
  return line.data();
}

inline void write_csv(const std::filesystem::path& path, const std::vector<curve>& curves) {
  std::string table = "network,epoch,learning_rate,training_loss,validation_loss\n";
  for (const curve& each : curves) {
    for (std::size_t epoch = 0; epoch < each.epochs.size(); ++epoch) {
      const auto& report = each.epochs[epoch];
      table += each.network + formatted(",%zu,%.6g,%.6g,%.6g\n", epoch + 1, report.learning_rate, report.training_loss,
                                        report.validation_loss);
    }
  }
  mmrec::io::write_file(path, table);
}

/// Losses over epochs: one colour a network, training as a thin line, validation as a thick one.
inline void write_svg(const std::filesystem::path& path, const std::string& title, const std::vector<curve>& curves) {
  constexpr double left = 60, top = 44, width = 560, height = 300;
  constexpr std::array colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7"};  // told apart by colour-blind eyes, too
  double highest = 0.0;
  std::size_t longest = 2;
  for (const curve& each : curves) {
    longest = std::max(longest, each.epochs.size());
    for (const auto& report : each.epochs) {
      highest = std::max(highest, report.training_loss);
      if (std::isfinite(report.validation_loss)) highest = std::max(highest, report.validation_loss);
    }
  }
  // Round steps of 1, 2 or 5 times a power of ten, about five of them.
  const auto round_step = [](double range) {
    const double power = std::pow(10.0, std::floor(std::log10(range / 5.0))), rest = range / 5.0 / power;
    return power * (rest <= 1.0 ? 1.0 : rest <= 2.0 ? 2.0 : rest <= 5.0 ? 5.0 : 10.0);
  };
  const double step = round_step(std::max(highest, 1e-6)), most = std::ceil(highest / step) * step;
  const auto x = [&](double epoch) { return left + width * (epoch - 1) / static_cast<double>(longest - 1); };
  const auto y = [&](double loss) { return top + height * (1.0 - loss / std::max(most, step)); };

  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 400\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"640\" height=\"400\" fill=\"white\"/>\n";
  svg += "<text x=\"60\" y=\"22\" font-size=\"15\">" + title + "</text>\n";
  for (double loss = 0.0; loss < most + step / 2; loss += step) {
    svg += formatted("<path d=\"M%g %gh%g\" stroke=\"#ddd\"/><text x=\"%g\" y=\"%g\" text-anchor=\"end\">%g</text>\n", left,
                     y(loss), width, left - 6, y(loss) + 4, std::round(loss / step) * step);
  }
  const auto apart = static_cast<std::size_t>(std::max(1.0, round_step(static_cast<double>(longest))));
  for (std::size_t epoch = 1; epoch <= longest; epoch = epoch == 1 && apart > 1 ? apart : epoch + apart) {
    svg += formatted("<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">%zu</text>\n", x(static_cast<double>(epoch)),
                     top + height + 18, epoch);
  }
  svg += formatted("<text x=\"%g\" y=\"392\" text-anchor=\"middle\">epoch</text>\n", left + width / 2);
  for (std::size_t index = 0; index < curves.size(); ++index) {
    const char* const colour = colours[index % colours.size()];
    const auto line = [&](double stroke, auto&& value, const char* name, double row) {
      std::string points;
      for (std::size_t epoch = 0; epoch < curves[index].epochs.size(); ++epoch) {
        const double loss = value(curves[index].epochs[epoch]);
        if (std::isfinite(loss)) points += formatted("%.2f,%.2f ", x(static_cast<double>(epoch + 1)), y(loss));
      }
      if (points.empty()) return;
      svg += formatted("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" points=\"", colour, stroke) + points +
             "\"/>\n";
      svg += formatted("<path d=\"M%g %gh24\" stroke=\"%s\" stroke-width=\"%g\"/>", left + width - 190, row - 4, colour,
                       stroke);
      svg +=
          formatted("<text x=\"%g\" y=\"%g\">", left + width - 160, row) + curves[index].network + ", " + name + "</text>\n";
    };
    const double row = top + 16 + 32 * static_cast<double>(index);
    line(
        1.2, [](const auto& report) { return report.training_loss; }, "training", row);
    line(
        2.6, [](const auto& report) { return report.validation_loss; }, "validation", row + 16);
  }
  mmrec::io::write_file(path, svg + "</svg>\n");
}

}  // namespace training
