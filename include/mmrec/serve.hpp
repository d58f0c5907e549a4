// mmrec/serve.hpp - serving: rules for lists, and indexes that search for the best items.
#pragma once
#include <mmrec/serve/attributes.hpp>
#include <mmrec/serve/best.hpp>
#include <mmrec/serve/exact_index.hpp>
#include <mmrec/serve/filter.hpp>
#include <mmrec/serve/lists.hpp>
#include <mmrec/serve/metric.hpp>
#include <mmrec/serve/predicates.hpp>
#include <mmrec/serve/quantized_index.hpp>
#include <mmrec/serve/rule.hpp>
