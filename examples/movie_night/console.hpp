// console.hpp - progress for people, text in columns.
#pragma once
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include <mmrec/core/progress.hpp>

namespace night {

/// A bar on standard error, if that is a terminal; otherwise nothing.
class progress_bar final : public mmrec::progress_sink {
 public:
  progress_bar() = default;
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;
  ~progress_bar() override { clear(); }

  void start(std::string_view what) {
    label_ = what;
    draw(0, 0);
  }
  bool report(const mmrec::progress_event& event) override {
    draw(event.done, event.total);
    return true;
  }
  void clear() {
    if (terminal_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  void draw(std::size_t done, std::size_t total) {
    if (!terminal_) return;
    constexpr int width = 30;
    const int filled = total == 0 ? 0 : static_cast<int>(done * width / total);
    std::fprintf(stderr, "\r\x1b[K%-28s [%s%s]", label_.c_str(), std::string(static_cast<std::size_t>(filled), '#').c_str(),
                 std::string(static_cast<std::size_t>(width - filled), ' ').c_str());
    std::fflush(stderr);
  }
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::string label_;
};

inline void heading(const std::string& text) {
  std::printf("\n%s\n%s\n", text.c_str(), std::string(text.size(), '-').c_str());
}

/// `text` cut to `width` characters of UTF-8.
inline std::string shortened(const std::string& text, std::size_t width) {
  std::size_t characters = 0;
  for (std::size_t byte = 0; byte < text.size(); ++byte) {
    if ((static_cast<unsigned char>(text[byte]) & 0xC0) == 0x80) continue;
    if (++characters > width) return text.substr(0, byte) + "...";
  }
  return text;
}

}  // namespace night
