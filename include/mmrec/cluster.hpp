// mmrec/cluster.hpp - everything of the clustering group: clusters of rows, segments of users.
#pragma once
#include <mmrec/cluster/k_means.hpp>
#include <mmrec/cluster/k_means_model.hpp>
