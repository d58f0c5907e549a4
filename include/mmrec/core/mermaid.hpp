// mmrec/core/mermaid.hpp - writing flowcharts in Mermaid's language.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace mmrec::inline v0 {

/// A flowchart that grows by nodes and edges. Nodes are called n0, n1, ... in their order.
class flowchart {
 public:
  /// Direction: "TD" downwards, "LR" to the right.
  explicit flowchart(std::string_view direction) : text("flowchart " + std::string(direction) + '\n') {}

  /// A node between brackets of its form, such as "[" and "]"; gives its name.
  std::string node(std::string_view left, std::string_view label, std::string_view right) {
    std::string name = 'n' + std::to_string(nodes_++);
    text += "  " + name + std::string(left) + '"' + escaped(label) + '"' + std::string(right) + '\n';
    return name;
  }
  void edge(std::string_view from, std::string_view to, std::string_view label = {}) {
    text += "  " + std::string(from) + " -->";
    if (!label.empty()) text += "|\"" + escaped(label) + "\"|";
    text += ' ' + std::string(to) + '\n';
  }

  std::string text;

 private:
  /// What Mermaid would take for markup, by name.
  static std::string escaped(std::string_view label) {
    std::string result;
    for (const char character : label) {
      switch (character) {
        case '<':
          result += "#lt;";
          break;
        case '>':
          result += "#gt;";
          break;
        case '"':
          result += "#quot;";
          break;
        case '#':
          result += "#35;";
          break;
        default:
          result += character;
      }
    }
    return result;
  }

  std::size_t nodes_ = 0;
};

}  // namespace mmrec::inline v0
