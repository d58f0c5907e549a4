// mmrec/features.hpp - everything of the features group.
#pragma once
#include <mmrec/features/expect.hpp>
#include <mmrec/features/l2_normalize.hpp>
#include <mmrec/features/min_max.hpp>
#include <mmrec/features/policy.hpp>
#include <mmrec/features/select_columns.hpp>
#include <mmrec/features/standardize.hpp>
