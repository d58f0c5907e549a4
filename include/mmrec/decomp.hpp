// mmrec/decomp.hpp - everything of the decomposition group.
#pragma once
#include <mmrec/decomp/pca.hpp>
#include <mmrec/decomp/truncated_svd.hpp>
