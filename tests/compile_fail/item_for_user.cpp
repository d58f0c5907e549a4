// expect: no matching (member )?function for call to .*recommend
// expect: item_tag
#include "shop.hpp"

auto list() {
#ifndef MMREC_KO
  return model.recommend(mm::user_id{7}, {.k = 10});
#else
  return model.recommend(mm::item_id{7}, {.k = 10});
#endif
}
