// tests/compile_fail/shop.hpp - a catalogue and what happened in it. Nothing is defined: the cases are never linked.
#ifndef MMREC_TESTS_COMPILE_FAIL_SHOP_HPP  // not #pragma once: this header is precompiled
#define MMREC_TESTS_COMPILE_FAIL_SHOP_HPP
#include <mmrec/cf/ease.hpp>
#include <mmrec/cf/popularity.hpp>
#include <mmrec/cf/profile.hpp>
#include <mmrec/data/image.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/item_table.hpp>
#include <mmrec/data/split/by_user.hpp>
#include <mmrec/eval/evaluate.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/features/expect.hpp>
#include <mmrec/features/l2_normalize.hpp>
#include <mmrec/features/standardize.hpp>
#include <mmrec/fusion/concat.hpp>
#include <mmrec/fusion/weighted_sum.hpp>
#include <mmrec/pipeline.hpp>
#include <mmrec/text/tfidf.hpp>
#include <mmrec/text/words.hpp>

namespace mm = mmrec;

using catalogue_type =
    mm::data::item_table<mm::data::column<"plot", mm::kind::text>, mm::data::column<"poster", mm::kind::image<48, 32>>,
                         mm::data::column<"sound", mm::kind::dense<float, 100>>,
                         mm::data::column<"tags", mm::kind::sparse<float>>>;
extern const catalogue_type catalogue;
extern const mm::data::interactions ratings;
extern const mm::exec::cpu cpu;

// A fitted model.
using popularity_type = decltype(mm::fit(mm::recommender(mm::cf::popularity{}), cpu, ratings));
extern const popularity_type model;

#endif
