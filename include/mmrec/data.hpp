// mmrec/data.hpp - everything of the data group.
#pragma once
#include <mmrec/data/csr.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/image.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/item_table.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/segments.hpp>
#include <mmrec/data/sequences.hpp>
#include <mmrec/data/social_graph.hpp>
#include <mmrec/data/sound.hpp>
#include <mmrec/data/split.hpp>
#include <mmrec/data/supervision.hpp>
#include <mmrec/data/tensor.hpp>
#include <mmrec/data/text_column.hpp>
