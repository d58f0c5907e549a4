// expect: no matching (member )?function for call to .*recommend
#include "shop.hpp"

auto list() {
#ifndef MMREC_KO
  return model.recommend(mm::user_id{7});
#else
  return model.recommend(7);
#endif
}
