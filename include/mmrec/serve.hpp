// mmrec/serve.hpp - serving: rules for lists, and indexes that search for the best items.
#pragma once
#include <mmrec/serve/attributes.hpp>
#include <mmrec/serve/best.hpp>
#include <mmrec/serve/filter.hpp>
#include <mmrec/serve/predicates.hpp>
#include <mmrec/serve/rule.hpp>
