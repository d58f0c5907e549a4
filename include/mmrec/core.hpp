// mmrec/core.hpp - the protocols, ids, errors, limits and random numbers that everything else is written in.
#pragma once
#include <mmrec/core/config.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/fixed_string.hpp>
#include <mmrec/core/format.hpp>
#include <mmrec/core/fusion.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/core/mermaid.hpp>
#include <mmrec/core/parse.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/core/tokens.hpp>
