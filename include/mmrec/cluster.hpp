// mmrec/cluster.hpp - everything of the clustering group: clusters of rows, segments of users.
#pragma once
#include <mmrec/cluster/activity.hpp>
#include <mmrec/cluster/gaussian_mixture.hpp>
#include <mmrec/cluster/gaussian_mixture_model.hpp>
#include <mmrec/cluster/k_means.hpp>
#include <mmrec/cluster/k_means_model.hpp>
#include <mmrec/cluster/mini_batch_k_means.hpp>
#include <mmrec/cluster/rfm.hpp>
#include <mmrec/cluster/rules.hpp>
#include <mmrec/cluster/segment_clusters.hpp>
