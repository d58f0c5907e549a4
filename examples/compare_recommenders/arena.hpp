// arena.hpp - the data and the resources that all models get alike.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include <mmrec/core.hpp>
#include <mmrec/data.hpp>
#include <mmrec/exec.hpp>

#include "folder.hpp"
#include "options.hpp"
#include "report.hpp"

namespace contest {

/// What learning took.
struct cost {
  double seconds = 0.0;
  double megabytes = 0.0;  ///< at the peak, as the model foretells it
};

/// A split data set and an executor. Models learn from the training and the validation part, and are judged on the test part.
class arena {
 public:
  arena(const options& asked, parts data)
      : asked_(asked),
        parts_(std::move(data)),
        past_(parts_.train_and_validation()),
        pool_(asked.threads),
        exec_{.pool = &pool_, .memory_limit = static_cast<std::uint64_t>(asked.memory_gb * 1e9)} {}

  const options& asked() const { return asked_; }
  const parts& data() const { return parts_; }
  const mm::data::interactions& past() const { return past_; }
  const mm::exec::cpu& exec() const { return exec_; }

  /// Fits a model, if it was asked for, and hands it to judge(model, cost). One that is going to need too much memory, or that
  /// cannot learn from these data, is left out.
  template <class Spec, class Judge>
  void enter(const std::string& name, const Spec& spec, Judge&& judge) const {
    if (!asked_.wants(name)) return;
    std::fprintf(stderr, "%s ...\n", name.c_str());
    try {
      const stopwatch clock;
      const auto model = fit(spec);
      judge(model, cost{clock.seconds(), static_cast<double>(spec.fit_bytes(exec_, past_)) / 1e6});
    } catch (const mm::limit_error& refused) {
      leave_out(refused);
    } catch (const mm::data_error& refused) {
      leave_out(refused);
    } catch (const mm::numeric_error& refused) {
      leave_out(refused);
    }
  }

 private:
  static void leave_out(const mm::error& refused) { std::fprintf(stderr, "  left out: %s\n", refused.what()); }

  template <class Spec>
  auto fit(const Spec& spec) const {
    if constexpr (requires { spec.fit(exec_, past_, mm::seed{asked_.seed}); }) {
      return spec.fit(exec_, past_, mm::seed{asked_.seed});
    } else {
      return spec.fit(exec_, past_);
    }
  }

  const options& asked_;
  parts parts_;
  mm::data::interactions past_;
  mm::exec::thread_pool pool_;
  mm::exec::cpu exec_;
};

}  // namespace contest
