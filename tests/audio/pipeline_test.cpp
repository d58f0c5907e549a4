// Sounds in chains and in recommenders.
#include <mmrec/audio.hpp>

#include <mmrec/data/id_map.hpp>
#include <mmrec/data/item_table.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/pipeline.hpp>

#include <cstddef>
#include <type_traits>
#include <vector>

#include "audio/support.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
namespace audio = mmrec::audio;

static_assert(!mm::chainable<audio::pool, audio::log_mel>);
static_assert(mm::chainable<audio::log_mel, audio::pool> && mm::chainable<audio::resample, audio::mfcc>);

TEST_CASE("a chain of sound stages gives the same numbers for a batch and for one element") {
  auto batch = test::noises(8000);
  for (std::size_t i = 0; i < batch.size(); i += 2) batch[i].rate = 11025;
  const auto spec = audio::resample{.rate = 16000, .zeros = 16} | audio::log_mel{.bands = 20} | audio::pool{};
  static_assert(std::is_same_v<decltype(spec)::output_kind, mm::kind::dense<float>>);
  const auto fitted = spec.fit_transform(mm::exec::cpu{.threads = 2}, batch, mm::seed{1});
  REQUIRE(fitted.output.rows() == static_cast<Eigen::Index>(batch.size()));
  REQUIRE(fitted.output.cols() == 40);
  typename std::remove_cvref_t<decltype(fitted.model)>::workspace scratch;
  std::vector<float> out;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    fitted.model.transform_one(batch[i].view(), out, scratch);
    for (std::size_t d = 0; d < 40; ++d) {
      CHECK(out[d] == fitted.output(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(d)));
    }
  }
}

TEST_CASE("a column of sounds feeds a modality") {
  mm::data::column<"sound", mm::kind::sound> column;
  for (const auto& sound : test::noises(8000)) column.push_back(sound);
  column.push_missing();
  const std::size_t items = column.size();
  const mm::data::item_table table(mm::data::item_map::numbered(items), std::move(column));
  const auto part = mm::modality<"sound">(audio::mfcc{} | audio::pool{});
  static_assert(mm::detail::column_fits<decltype(table), decltype(part)>());
  const auto fitted = part.spec.fit_transform(mm::exec::cpu{}, table.get<"sound">().batch());
  CHECK(fitted.output.rows() == static_cast<Eigen::Index>(items) - 1);
  CHECK(fitted.output.cols() == 26);
  CHECK(mm::data::scatter_rows(fitted.output, table.get<"sound">().present()).present.back() == 0);
}
