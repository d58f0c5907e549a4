// tests/support/archetypes.hpp - the smallest stages and recommenders that the pipeline has to work with.
#pragma once
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>

namespace test {

/// A transducer: text in, its characters out as tokens.
struct characters {
  using input_kind = mmrec::kind::text;
  using output_kind = mmrec::kind::tokens;
  struct workspace {};
  template <class Exec, class Batch>
  characters fit(const Exec&, const Batch&) const {
    return *this;
  }
  template <class Sink>
  struct sink {
    Sink next;
    void operator()(std::string_view text) {
      for (std::size_t i = 0; i < text.size(); ++i) next(text.substr(i, 1));
    }
    void finish() { next.finish(); }
  };
  template <class Sink>
  sink<Sink> attach(workspace&, Sink next) const {
    return {std::move(next)};
  }
  friend bool operator==(const characters&, const characters&) = default;
};

/// A transducer on tokens: drops one character.
struct drop {
  using input_kind = mmrec::kind::tokens;
  using output_kind = mmrec::kind::tokens;
  struct workspace {};
  char unwanted = ' ';
  template <class Exec, class Batch>
  drop fit(const Exec&, const Batch&) const {
    return *this;
  }
  template <class Sink>
  struct sink {
    Sink next;
    char unwanted;
    void operator()(std::string_view token) {
      if (token[0] != unwanted) next(token);
    }
    void finish() { next.finish(); }
  };
  template <class Sink>
  sink<Sink> attach(workspace&, Sink next) const {
    return {std::move(next), unwanted};
  }
  friend bool operator==(const drop&, const drop&) = default;
};

/// Consumes tokens: counts of the letters a, b, c as dense features.
struct letters {
  using input_kind = mmrec::kind::tokens;
  using output_kind = mmrec::kind::dense<float>;
  struct counter {
    float counts[3]{};
    bool finished = false;
    void operator()(std::string_view token) {
      const int letter = token[0] - 'a';
      if (letter >= 0 && letter < 3) counts[letter] += 1.0f;
    }
    void finish() { finished = true; }
  };
  struct model {
    struct workspace {};
    std::size_t features() const { return 3; }
    template <class Exec, class Source>
    mmrec::matrix<float> transform(const Exec&, const Source& source) const {
      mmrec::matrix<float> out(static_cast<Eigen::Index>(source.size()), 3);
      typename Source::workspace scratch;
      for (std::size_t document = 0; document < source.size(); ++document) {
        counter sink;
        source.stream(document, scratch, sink);
        for (int d = 0; d < 3; ++d) out(static_cast<Eigen::Index>(document), d) = sink.counts[d];
      }
      return out;
    }
    template <class Emit>
    void transform_one(Emit&& emit, std::vector<float>& out, workspace&) const {
      counter sink;
      emit(sink);
      out.assign(std::begin(sink.counts), std::end(sink.counts));
    }
  };
  template <class Exec, class Source>
  model fit(const Exec&, const Source&) const {
    return {};
  }
  friend bool operator==(const letters&, const letters&) = default;
};

/// Learns one number (the largest value, or a random one when asked) and multiplies by it.
struct scale {
  using input_kind = mmrec::kind::dense<float>;
  using output_kind = mmrec::kind::dense<float>;
  bool random = false;
  struct model {
    struct workspace {};
    float factor = 1.0f;
    template <class Exec>
    mmrec::matrix<float> transform(const Exec&, const mmrec::matrix_view<float>& in) const {
      return in * factor;
    }
    void transform_one(std::span<const float> in, std::vector<float>& out, workspace&) const {
      out.assign(in.begin(), in.end());
      for (float& x : out) x *= factor;
    }
  };
  template <class Exec>
  model fit(const Exec&, const mmrec::matrix_view<float>& in, mmrec::seed key) const {
    return {random ? mmrec::random_stream(key).uniform_float() : in.maxCoeff()};
  }
  friend bool operator==(const scale&, const scale&) = default;
};

/// Scores by the inner product of an item's features with the sum of the history's.
struct dot_recommender {
  using input_kind = mmrec::kind::dense<float>;
  using output_kind = mmrec::kind::scores;
  class model {
   public:
    struct workspace {
      std::vector<float> profile;
    };
    model(mmrec::data::interactions events, mmrec::data::dense_features features)
        : events_(std::move(events)), features_(std::move(features)) {}
    std::size_t users() const { return events_.users(); }
    std::size_t items() const { return events_.items(); }
    void score(mmrec::user_id user, std::span<float> out, workspace& scratch) const {
      score_history(events_.history(user), out, scratch);
    }
    void score_history(mmrec::history_view history, std::span<float> out, workspace& scratch) const {
      scratch.profile.assign(features_.width(), 0.0f);
      for (std::size_t h = 0; h < history.items.size(); ++h) {
        for (std::size_t d = 0; d < features_.width(); ++d)
          scratch.profile[d] += history.values[h] * at(history.items[h], d);
      }
      for (std::size_t item = 0; item < items(); ++item) {
        out[item] = features_.present[item] == 0 || history.items.empty() ? mmrec::no_score
                                                                          : dot(scratch.profile, mmrec::item_id{item});
      }
    }
    void explain(mmrec::history_view history, mmrec::item_id item, std::span<float> out) const {
      for (std::size_t h = 0; h < history.items.size(); ++h) {
        out[h] = 0.0f;
        for (std::size_t d = 0; d < features_.width(); ++d)
          out[h] += history.values[h] * at(history.items[h], d) * at(item, d);
      }
    }
    float score_features(std::span<const float> features, mmrec::user_id user, workspace& scratch) const {
      std::vector<float> scores(items());
      score(user, scores, scratch);
      float sum = 0.0f;
      for (std::size_t d = 0; d < features.size(); ++d) sum += features[d] * scratch.profile[d];
      return sum;
    }
    void similar(std::span<const float> features, std::span<float> out, workspace&) const {
      const std::vector<float> wanted(features.begin(), features.end());
      for (std::size_t item = 0; item < items(); ++item) {
        out[item] = features_.present[item] == 0 ? mmrec::no_score : dot(wanted, mmrec::item_id{item});
      }
    }

    mmrec::matrix_view<float> item_vectors() const { return features_.values; }
    void user_vector(mmrec::user_id user, std::span<float> out, workspace& scratch) const {
      std::vector<float> scores(items());
      score(user, scores, scratch);
      std::copy(scratch.profile.begin(), scratch.profile.end(), out.begin());
    }

   private:
    float at(mmrec::item_id item, std::size_t d) const {
      return features_.values(static_cast<Eigen::Index>(item.index()), static_cast<Eigen::Index>(d));
    }
    float dot(const std::vector<float>& profile, mmrec::item_id item) const {
      float sum = 0.0f;
      for (std::size_t d = 0; d < profile.size(); ++d) sum += profile[d] * at(item, d);
      return sum;
    }
    mmrec::data::interactions events_;
    mmrec::data::dense_features features_;
  };
  template <class Exec>
  model fit(const Exec&, const mmrec::data::interactions& events, const mmrec::data::dense_features& features) const {
    return {events, features};
  }
  friend bool operator==(const dot_recommender&, const dot_recommender&) = default;
};

/// Scores by how many users touched an item.
struct counting_recommender {
  using output_kind = mmrec::kind::scores;
  static constexpr bool collaborative = true;
  struct model {
    struct workspace {};
    std::size_t user_count = 0;
    std::vector<std::uint32_t> counts;
    std::size_t users() const { return user_count; }
    std::size_t items() const { return counts.size(); }
    void score(mmrec::user_id, std::span<float> out, workspace&) const {
      std::transform(counts.begin(), counts.end(), out.begin(), [](std::uint32_t n) { return static_cast<float>(n); });
    }
    void score_history(mmrec::history_view, std::span<float> out, workspace& scratch) const { score({}, out, scratch); }
  };
  template <class Exec>
  model fit(const Exec&, const mmrec::data::interactions& events) const {
    return {events.users(), events.item_counts()};
  }
  friend bool operator==(const counting_recommender&, const counting_recommender&) = default;
};

/// Interactions of users 0..users-1 and items 0..items-1 with these (user, item) pairs.
inline mmrec::data::interactions pairs(std::size_t users, std::size_t items, const std::vector<std::pair<int, int>>& which) {
  std::vector<mmrec::data::interaction> events;
  for (const auto& [user, item] : which) {
    events.push_back(
        {mmrec::user_id{static_cast<std::size_t>(user)}, mmrec::item_id{static_cast<std::size_t>(item)}, 1.0f, 0});
  }
  return {std::make_shared<const mmrec::data::user_map>(mmrec::data::user_map::numbered(users)),
          std::make_shared<const mmrec::data::item_map>(mmrec::data::item_map::numbered(items)), std::move(events)};
}

}  // namespace test
