// expect: mmrec: two columns of this table have the same name
#include "shop.hpp"

using tags = mm::data::column<"tags", mm::kind::text>;
#ifndef MMREC_KO
using other = mm::data::column<"plot", mm::kind::text>;
#else
using other = mm::data::column<"tags", mm::kind::text>;
#endif

auto table() { return mm::data::item_table(mm::data::item_map::numbered(0), tags{}, other{}); }
