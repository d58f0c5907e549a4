// mmrec/cf.hpp - recommenders: everything of the group cf.
#pragma once
#include <mmrec/cf/ease.hpp>
#include <mmrec/cf/factor_model.hpp>
#include <mmrec/cf/ials.hpp>
#include <mmrec/cf/item_knn.hpp>
#include <mmrec/cf/popularity.hpp>
#include <mmrec/cf/profile.hpp>
