// mmrec/fusion.hpp - everything of the fusion group.
#pragma once
#include <mmrec/fusion/concat.hpp>
#include <mmrec/fusion/decision_level.hpp>
#include <mmrec/fusion/feature_level.hpp>
#include <mmrec/fusion/missing.hpp>
#include <mmrec/fusion/normalization.hpp>
#include <mmrec/fusion/reciprocal_rank.hpp>
#include <mmrec/fusion/weighted_concat.hpp>
#include <mmrec/fusion/weighted_sum.hpp>
