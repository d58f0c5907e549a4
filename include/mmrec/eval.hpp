// mmrec/eval.hpp - everything for judging recommenders.
#pragma once
#include <mmrec/data/split.hpp>
#include <mmrec/eval/auc.hpp>
#include <mmrec/eval/beyond.hpp>
#include <mmrec/eval/bootstrap.hpp>
#include <mmrec/eval/by_segment.hpp>
#include <mmrec/eval/evaluate.hpp>
#include <mmrec/eval/evaluation.hpp>
#include <mmrec/eval/judge.hpp>
#include <mmrec/eval/lists.hpp>
#include <mmrec/eval/measure.hpp>
#include <mmrec/eval/metric.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/eval/sampled.hpp>
#include <mmrec/eval/table.hpp>
