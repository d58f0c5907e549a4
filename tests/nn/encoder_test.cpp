#include <mmrec/cf/profile.hpp>
#include <mmrec/fusion/concat.hpp>
#include <mmrec/nn/encoder.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/trained_encoder.hpp>
#include <mmrec/pipeline.hpp>

#include "support/allocations.hpp"
#include "support/archetypes.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
namespace nn = mmrec::nn;
using net = nn::sequential<nn::flat<4>, nn::dense<6>, nn::dense<3>>;

static_assert(mm::stage<nn::encoder<net>>);
static_assert(mm::takes<nn::encoder<net>, mm::kind::dense<float, 4>>);
static_assert(!mm::takes<nn::encoder<net>, mm::kind::dense<float, 5>>);

namespace {

mm::matrix<float> random_rows(Eigen::Index rows, std::uint64_t key = 1) {
  mm::matrix<float> result(rows, 4);
  mm::random_stream random(mm::seed{key});
  for (Eigen::Index i = 0; i < result.size(); ++i) result.data()[i] = static_cast<float>(random.normal());
  return result;
}

/// 40 items in two groups by the sign of their first number; user u likes those of group u % 2.
struct shop {
  mm::matrix<float> content = random_rows(40);
  auto table() const {
    mm::data::column<"look", mm::kind::dense<float, 4>> look;
    mm::data::column<"kind", mm::kind::dense<float, 1>> group;
    for (Eigen::Index item = 0; item < 40; ++item) {
      if (item == 7) {
        look.push_missing();
      } else {
        look.push_back(mm::row_of(content, item));
      }
      const float of[1]{content(item, 0) > 0 ? 1.0f : 0.0f};
      group.push_back(of);
    }
    return mm::data::item_table(mm::data::item_map::numbered(40), look, group);
  }
  template <class Table>
  mm::data::interactions likes(const Table& table) const {
    std::vector<std::pair<int, int>> pairs;
    for (int user = 0; user < 20; ++user) {
      for (int item = 0; item < 40; ++item) {
        if ((content(item, 0) > 0) == (user % 2 == 0) && (item * 7 + user * 3) % 5 < 2) pairs.push_back({user, item});
      }
    }
    std::vector<mm::data::interaction> events;
    for (const auto& [user, item] : pairs) {
      events.push_back({mm::user_id{static_cast<std::size_t>(user)}, mm::item_id{static_cast<std::size_t>(item)}, 1.0f, 0});
    }
    return {std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(20)), table.keys(), events};
  }
};

/// How far apart the two groups are along the direction of their means, in standard deviations.
double separation(const mm::matrix<float>& features, const mm::matrix<float>& content) {
  Eigen::VectorXd means[2]{Eigen::VectorXd::Zero(features.cols()), Eigen::VectorXd::Zero(features.cols())};
  int counts[2]{};
  for (Eigen::Index i = 0; i < features.rows(); ++i) {
    const int group = content(i, 0) > 0 ? 1 : 0;
    means[group] += features.row(i).transpose().cast<double>();
    ++counts[group];
  }
  const Eigen::VectorXd direction = (means[1] / counts[1] - means[0] / counts[0]).normalized();
  double sum[2]{}, squares = 0.0;
  for (Eigen::Index i = 0; i < features.rows(); ++i) {
    sum[content(i, 0) > 0 ? 1 : 0] += direction.dot(features.row(i).transpose().cast<double>());
  }
  for (Eigen::Index i = 0; i < features.rows(); ++i) {
    const int group = content(i, 0) > 0 ? 1 : 0;
    squares += std::pow(direction.dot(features.row(i).transpose().cast<double>()) - sum[group] / counts[group], 2);
  }
  return (sum[1] / counts[1] - sum[0] / counts[0]) / std::sqrt(squares / static_cast<double>(features.rows()));
}

}  // namespace

TEST_CASE("an encoder computes its network, one element as in a batch, and allocates nothing once warm") {
  const auto weights = std::make_shared<const nn::weights<net>>(nn::initialize<net>(mm::seed{1}));
  const nn::encoder<net> spec{.weights = weights};
  const auto rows = random_rows(100);
  const auto model = spec.fit(mm::exec::cpu{}, rows);
  const mm::matrix<float> all = model.transform(mm::exec::cpu{}, rows);
  CHECK(all.rows() == 100);
  CHECK(all.cols() == 3);
  CHECK(model.transform(mm::exec::cpu{.threads = 8}, rows) == all);
  std::vector<float> out;
  decltype(model)::workspace scratch;
  for (Eigen::Index i = 0; i < 100; ++i) {
    model.transform_one(mm::row_of(rows, i), out, scratch);
    for (Eigen::Index k = 0; k < 3; ++k) CHECK(out[static_cast<std::size_t>(k)] == all(i, k));
  }
  CHECK(test::allocations_of([&] { model.transform_one(mm::row_of(rows, 0), out, scratch); }) == 0);
  CHECK_THROWS_AS(nn::encoder<net>{}.fit(mm::exec::cpu{}, rows), mm::invalid_config);
  CHECK_THROWS_AS(model.transform(mm::exec::cpu{}, mm::matrix<float>(2, 5)), mm::shape_error);
  auto broken = *weights;
  broken.parameters[3] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(nn::encoder_model<net>(broken), mm::data_error);
}

TEST_CASE("an encoder trained on labels tells the classes apart") {
  const auto rows = random_rows(200);
  nn::by_labels<2> target{.how = {.optimizer = {.learning_rate = 0.01}, .epochs = 15}};
  for (Eigen::Index i = 0; i < 200; ++i) target.labels.push_back(rows(i, 0) > 0 ? 1u : 0u);
  const nn::trained_encoder<net, nn::by_labels<2>> spec{target};
  const auto model = spec.fit(mm::exec::cpu{}, rows, mm::seed{1});
  CHECK(separation(model.transform(mm::exec::cpu{}, rows), rows) > 2.0);
  CHECK(spec.fit(mm::exec::cpu{.threads = 2}, rows, mm::seed{1}) == model);
  auto few = spec;
  few.target.labels.pop_back();
  CHECK_THROWS_AS(few.fit(mm::exec::cpu{}, rows, mm::seed{1}), mm::shape_error);
}

TEST_CASE("an encoder is trained inside a recommender, on a column or on who touched what") {
  const shop data;
  const auto table = data.table();
  const auto events = data.likes(table);
  const auto check = [&](const auto& encoder) {
    const auto spec = mm::recommender(mm::modalities(mm::modality<"look">(encoder)),
                                      mm::fusion::concat{.missing = mm::fusion::missing::zero}, mm::cf::profile{});
    const auto model = mm::fit(spec, mm::exec::cpu{}, table, events, mm::seed{1});
    std::size_t right = 0, given = 0;
    for (std::size_t user = 0; user < 20; ++user) {
      for (const auto& [item, score] : model.recommend(mm::user_id{user}, {.k = 5})) {
        ++given;
        right += (data.content(static_cast<Eigen::Index>(item.index()), 0) > 0) == (user % 2 == 0) ? 1 : 0;
      }
    }
    CHECK(given == 100);
    CHECK(right >= 85);
  };
  check(nn::trained_encoder<net, nn::by_column<"kind", 1>>{{.how = {.optimizer = {.learning_rate = 0.02}, .epochs = 30}}});
  check(nn::trained_encoder<net, nn::by_interactions>{{.how = {.optimizer = {.learning_rate = 0.02}, .epochs = 15}}});
}
