// mmrec/nn/mermaid.hpp - what a network is made of, as a flowchart.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/mermaid.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

/// Draws the layers of an enumeration. What comes next is connected with all open ends.
class network_drawer {
 public:
  template <class B>
  void layer(const std::string& prefix, bound_tag<B>) {
    const std::string path = prefix.empty() ? std::string() : prefix.substr(0, prefix.size() - 1) + ": ";
    add("[", path + std::string(B::name()), "]", shape_name<typename B::output_shape>::text());
  }
  void parameter(const std::string&, const tensor_spec&, std::size_t) {}
  void statistic(const std::string&, const tensor_spec&, std::size_t) {}

  void mark(landmark place, std::string_view name, const std::string& shape) {
    switch (place) {
      case landmark::residual:
        kept_.push_back(open_);
        break;
      case landmark::shortcut:
        std::swap(open_, kept_.back());  // from where the body began; its end is kept
        break;
      case landmark::sum:
        open_.insert(open_.begin(), kept_.back().begin(), kept_.back().end());
        kept_.pop_back();
        add("((", "+", "))", shape);
        break;
      case landmark::branch:
        finished_.insert(finished_.end(), open_.begin(), open_.end());
        open_.clear();
        input(name, shape);
        break;
      case landmark::join:
        finished_.insert(finished_.end(), open_.begin(), open_.end());
        open_ = std::move(finished_);
        finished_.clear();
        break;
      case landmark::parallel:
        kept_.push_back(open_);
        kept_.emplace_back();  // the ends of the sides so far
        break;
      case landmark::next_side:
        kept_.back().insert(kept_.back().end(), open_.begin(), open_.end());
        open_ = kept_[kept_.size() - 2];
        break;
      case landmark::concatenation:
        open_.insert(open_.begin(), kept_.back().begin(), kept_.back().end());
        kept_.resize(kept_.size() - 2);
        add("((", "concat", "))", shape);
        break;
    }
  }
  /// Where a network begins.
  void input(std::string_view name, const std::string& shape) { add("([", std::string(name), "])", shape); }
  std::string finish() {
    add("([", "output", "])", {});
    return std::move(chart_.text);
  }

 private:
  struct end {
    std::string node;
    std::string shape;
  };
  void add(std::string_view left, const std::string& label, std::string_view right, std::string shape) {
    const std::string node = chart_.node(left, label, right);
    for (const end& from : open_) chart_.edge(from.node, node, from.shape);
    open_ = {{node, std::move(shape)}};
  }

  flowchart chart_{"TD"};
  std::vector<end> open_;
  std::vector<std::vector<end>> kept_;
  std::vector<end> finished_;
};

}  // namespace detail

/// A network as a Mermaid flowchart (https://mermaid.js.org), which GitHub, GitLab and many editors draw: layers with the
/// shapes that flow between them, branches and shortcuts.
template <network Net>
std::string to_mermaid() {
  using shape = typename Net::bound::input_shape;
  detail::network_drawer drawer;
  if constexpr (!detail::is_bundle<shape>) drawer.input("input", shape_name<shape>::text());
  enumeration_position start;
  enumerate<typename Net::bound>(drawer, start);
  return drawer.finish();
}

}  // namespace nn
}  // namespace mmrec::inline v0
