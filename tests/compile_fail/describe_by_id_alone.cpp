// expect: mmrec: this recommender knows items by their id alone: it has no modality that describes a new item
#include "shop.hpp"

auto fans() {
#ifndef MMREC_KO
  return model.recommend(mm::user_id{7}, {.k = 10});
#else
  return model.recommend_users(cpu, model.describe(catalogue, mm::item_id{0}), 10);
#endif
}
