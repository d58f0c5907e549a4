// mmrec/cf.hpp - recommenders: everything of the group cf.
#pragma once
#include <mmrec/cf/baseline.hpp>
#include <mmrec/cf/ease.hpp>
#include <mmrec/cf/factor_model.hpp>
#include <mmrec/cf/global_mean.hpp>
#include <mmrec/cf/ials.hpp>
#include <mmrec/cf/item_knn.hpp>
#include <mmrec/cf/nmf.hpp>
#include <mmrec/cf/popularity.hpp>
#include <mmrec/cf/profile.hpp>
#include <mmrec/cf/rating_knn.hpp>
#include <mmrec/cf/slope_one.hpp>
#include <mmrec/cf/svd.hpp>
#include <mmrec/cf/svd_pp.hpp>
