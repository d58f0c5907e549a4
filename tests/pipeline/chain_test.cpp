#include <mmrec/pipeline.hpp>

#include <string>
#include <vector>

#include "support/archetypes.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
using namespace mm;  // stages of a test's own namespace find `|` through this

namespace {
const std::vector<std::string> documents{"abc a", "bbb", "", "ccab"};
const exec::cpu one_thread;
}  // namespace

TEST_CASE("a chain of transducers and a consumer runs as one pass") {
  const auto spec = test::characters{} | test::drop{'b'} | test::letters{};
  const auto model = spec.fit(one_thread, documents);
  const matrix<float> features = model.transform(one_thread, documents);
  REQUIRE(features.rows() == 4);
  CHECK(features.row(0) == Eigen::RowVector3f(2, 0, 1));
  CHECK(features.row(1) == Eigen::RowVector3f(0, 0, 0));
  CHECK(features.row(3) == Eigen::RowVector3f(1, 0, 2));
}

TEST_CASE("one element gives the numbers of the batch") {
  const auto spec = test::characters{} | test::drop{'b'} | test::letters{} | test::scale{};
  const auto [model, features] = spec.fit_transform(one_thread, documents);
  typename std::remove_cvref_t<decltype(model)>::workspace scratch;
  std::vector<float> out;
  for (std::size_t document = 0; document < documents.size(); ++document) {
    model.transform_one(std::string_view(documents[document]), out, scratch);
    for (Eigen::Index d = 0; d < 3; ++d) {
      CHECK(out[static_cast<std::size_t>(d)] == features(static_cast<Eigen::Index>(document), d));
    }
  }
}

TEST_CASE("how a chain is grouped does not matter") {
  const auto left = (test::characters{} | test::drop{'b'}) | (test::letters{} | test::scale{});
  const auto right = test::characters{} | (test::drop{'b'} | (test::letters{} | test::scale{}));
  const auto plain = test::characters{} | test::drop{'b'} | test::letters{} | test::scale{};
  CHECK(left == plain);
  CHECK(right == plain);
}

TEST_CASE("each stage of a chain has a seed of its own, derived from the chain's") {
  const auto spec = test::letters{} | test::scale{.random = true} | test::scale{.random = true};
  const auto chain_of = test::characters{} | spec;
  const auto first = chain_of.fit(one_thread, documents, seed{1});
  const auto again = chain_of.fit(one_thread, documents, seed{1});
  const auto other = chain_of.fit(one_thread, documents, seed{2});
  CHECK(first.right().factor == again.right().factor);
  CHECK(first.right().factor != other.right().factor);
  CHECK(first.right().factor != first.left().right().factor);
}

TEST_CASE("specifications are values") {
  const auto a = test::characters{} | test::drop{'b'};
  const auto b = test::characters{} | test::drop{'c'};
  CHECK(a != b);
  auto copy = b;
  copy.right.unwanted = 'b';
  CHECK(a == copy);
}

static_assert(stage<decltype(test::characters{} | test::letters{})>);
static_assert(chainable<test::characters, test::drop>);
static_assert(!chainable<test::drop, test::characters>);
static_assert(!chainable<test::letters, test::letters>);
static_assert(takes<decltype(test::characters{} | test::letters{}), kind::text>);
static_assert(!takes<decltype(test::characters{} | test::letters{}), kind::dense<float>>);
static_assert(takes<test::scale, kind::dense<float, 8>>);
