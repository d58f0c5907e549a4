#include <mmrec/cf/ease.hpp>
#include <mmrec/cf/profile.hpp>
#include <mmrec/decomp/truncated_svd.hpp>
#include <mmrec/features/expect.hpp>
#include <mmrec/features/standardize.hpp>
#include <mmrec/fusion/concat.hpp>
#include <mmrec/fusion/weighted_sum.hpp>
#include <mmrec/pipeline.hpp>
#include <mmrec/pipeline/mermaid.hpp>
#include <mmrec/text/tfidf.hpp>
#include <mmrec/text/words.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;

const auto plot = mm::text::words{} | mm::text::tfidf{} | mm::decomp::truncated_svd{.components = 8};
const auto sound = mm::features::expect<100>{} | mm::features::standardize{};

TEST_CASE("early fusion is drawn") {
  CHECK(mm::to_mermaid(mm::recommender(mm::modalities(mm::modality<"plot">(plot), mm::modality<"music", "sound">(sound)),
                                       mm::fusion::concat{}, mm::cf::profile{})) == R"(flowchart LR
  n0[("plot")]
  n1["text::words"]
  n0 --> n1
  n2["text::tfidf"]
  n1 --> n2
  n3["decomp::truncated_svd"]
  n2 --> n3
  n4[("sound")]
  n5["features::expect"]
  n4 --> n5
  n6["features::standardize"]
  n5 --> n6
  n7{{"fusion::concat"}}
  n3 -->|"plot"| n7
  n6 -->|"music"| n7
  n8[("interactions")]
  n9["cf::profile"]
  n7 --> n9
  n8 --> n9
  n10(["recommendations"])
  n9 --> n10
)");
}

TEST_CASE("late fusion is drawn") {
  CHECK(mm::to_mermaid(mm::recommender(
            mm::modalities(mm::modality<"sound">(sound | mm::cf::profile{}), mm::modality<"others">(mm::cf::ease{})),
            mm::fusion::weighted_sum{})) == R"(flowchart LR
  n0[("sound")]
  n1["features::expect"]
  n0 --> n1
  n2["features::standardize"]
  n1 --> n2
  n3[("interactions")]
  n4["cf::profile"]
  n2 --> n4
  n3 --> n4
  n5["cf::ease"]
  n3 --> n5
  n6{{"fusion::weighted_sum"}}
  n4 -->|"sound"| n6
  n5 -->|"others"| n6
  n7(["recommendations"])
  n6 --> n7
)");
}

TEST_CASE("a recommender alone and a pipeline alone are drawn") {
  CHECK(mm::to_mermaid(mm::recommender(mm::cf::ease{})) == R"(flowchart LR
  n0[("interactions")]
  n1["cf::ease"]
  n0 --> n1
  n2(["recommendations"])
  n1 --> n2
)");
  CHECK(mm::to_mermaid(sound) == R"(flowchart LR
  n0["features::expect"]
  n1["features::standardize"]
  n0 --> n1
)");
}
