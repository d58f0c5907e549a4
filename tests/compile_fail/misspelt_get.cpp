// expect: this item table has no column of that name
#include "shop.hpp"

#ifndef MMREC_KO
const auto& plots = catalogue.get<"plot">();
#else
const auto& plots = catalogue.get<"director">();
#endif
