#include <mmrec/nn/branches.hpp>
#include <mmrec/nn/describe.hpp>
#include <mmrec/nn/layers/concat.hpp>
#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/max_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/layers/sigmoid.hpp>
#include <mmrec/nn/mermaid.hpp>
#include <mmrec/nn/residual.hpp>

#include <algorithm>
#include <array>
#include <string>

#include "support/catch.hpp"

namespace nn = mmrec::nn;

using picture_net =
    nn::sequential<nn::chw<3, 8, 6>, nn::conv2d<8, 3>, nn::relu,
                   nn::named<"block", nn::residual<nn::chain<nn::conv2d<8, 3>, nn::relu>>>,
                   nn::residual<nn::conv2d<4, 1>, nn::conv2d<4, 1, nn::conv{.bias = false}>>, nn::global_avg_pool>;
using text_net = nn::sequential<nn::sequence<5>, nn::conv1d<6, 3, nn::conv{.padding = 0}>, nn::max_pool<2>, nn::conv1d<2, 1>,
                                nn::global_max_pool>;
using both = nn::sequential<
    nn::branches<nn::concat, nn::branch<"text", text_net>, nn::branch<"poster", nn::sequential<nn::flat<4>, nn::dense<3>>>>,
    nn::dense<1>, nn::sigmoid>;

TEST_CASE("a network is described by a table") {
  CHECK(nn::describe<picture_net>() ==
        R"(layer                        input      output     parameters  multiply-adds  activation bytes
0           conv2d<8, 3>     3 x 8 x 6  8 x 8 x 6         224          10368              1536
1           relu             8 x 8 x 6  8 x 8 x 6           0              0              1536
block.0     conv2d<8, 3>     8 x 8 x 6  8 x 8 x 6         584          27648              1536
block.1     relu             8 x 8 x 6  8 x 8 x 6           0              0              1536
3           conv2d<4, 1>     8 x 8 x 6  4 x 8 x 6          36           1536               768
3.shortcut  conv2d<4, 1>     8 x 8 x 6  4 x 8 x 6          32           1536               768
4           global_avg_pool  4 x 8 x 6  4                   0              0                16
total                                                     876          41088              8448
)");
}

TEST_CASE("the lines of a table are of one length, and its totals are the network's") {
  for (const std::string& text : {nn::describe<picture_net>(), nn::describe<text_net>(9), nn::describe<both>(7)}) {
    const std::size_t width = text.find('\n');
    for (std::size_t at = 0; at < text.size(); at += width + 1) CHECK(text.find('\n', at) == at + width);
  }
  const auto table = nn::table_of<picture_net>();
  std::size_t parameters = 0;
  for (const auto& row : table.layers) parameters += row.parameters;
  CHECK(parameters == picture_net::parameter_count);
  CHECK(table.parameters == picture_net::parameter_count);
  CHECK(table.multiply_adds == picture_net::multiply_adds());
  CHECK(table.activation_bytes == picture_net::activation_bytes());
}

TEST_CASE("each layer of a table has the steps that the layers before it leave") {
  const auto table = nn::table_of<text_net>(9);
  REQUIRE(table.layers.size() == 4);
  CHECK(table.layers[0].multiply_adds == 7 * 6 * 3 * 5);
  CHECK(table.layers[2].multiply_adds == 3 * 2 * 6);
  CHECK(table.layers[1].activation_bytes == 3 * 6 * sizeof(float));
  CHECK(table.multiply_adds == text_net::multiply_adds(std::size_t{9}));
}

TEST_CASE("branches are described with steps of their own") {
  const std::array<std::size_t, 2> steps{9, 1};
  const auto table = nn::table_of<both>(steps);
  CHECK(table.multiply_adds == both::multiply_adds(steps));
  CHECK(table.activation_bytes == both::activation_bytes(steps));
  REQUIRE(table.layers.size() == 8);
  CHECK(table.layers[3].path == "0.text.3");
  CHECK(table.layers[5].path == "0.join");
  CHECK(table.layers[5].layer == "concat");
  CHECK(table.layers[5].input == "2, 3");
  CHECK(table.layers[5].output == "5");
}

TEST_CASE("a network is drawn with its shortcuts") {
  CHECK(nn::to_mermaid<picture_net>() == R"(flowchart TD
  n0(["input"])
  n1["0: conv2d#lt;8, 3#gt;"]
  n0 -->|"3 x 8 x 6"| n1
  n2["1: relu"]
  n1 -->|"8 x 8 x 6"| n2
  n3["block.0: conv2d#lt;8, 3#gt;"]
  n2 -->|"8 x 8 x 6"| n3
  n4["block.1: relu"]
  n3 -->|"8 x 8 x 6"| n4
  n5(("+"))
  n4 -->|"8 x 8 x 6"| n5
  n2 -->|"8 x 8 x 6"| n5
  n6["3: conv2d#lt;4, 1#gt;"]
  n5 -->|"8 x 8 x 6"| n6
  n7["3.shortcut: conv2d#lt;4, 1#gt;"]
  n5 -->|"8 x 8 x 6"| n7
  n8(("+"))
  n6 -->|"4 x 8 x 6"| n8
  n7 -->|"4 x 8 x 6"| n8
  n9["4: global_avg_pool"]
  n8 -->|"4 x 8 x 6"| n9
  n10(["output"])
  n9 -->|"4"| n10
)");
}

TEST_CASE("a network is drawn with its branches") {
  CHECK(nn::to_mermaid<both>() == R"(flowchart TD
  n0(["text"])
  n1["0.text.0: conv1d#lt;6, 3, padding 0#gt;"]
  n0 -->|"T x 5"| n1
  n2["0.text.1: max_pool#lt;2#gt;"]
  n1 -->|"T x 6"| n2
  n3["0.text.2: conv1d#lt;2, 1#gt;"]
  n2 -->|"T x 6"| n3
  n4["0.text.3: global_max_pool"]
  n3 -->|"T x 2"| n4
  n5(["poster"])
  n6["0.poster.0: dense#lt;3#gt;"]
  n5 -->|"4"| n6
  n7["0.join: concat"]
  n4 -->|"2"| n7
  n6 -->|"3"| n7
  n8["1: dense#lt;1#gt;"]
  n7 -->|"5"| n8
  n9["2: sigmoid"]
  n8 -->|"1"| n9
  n10(["output"])
  n9 -->|"1"| n10
)");
}
