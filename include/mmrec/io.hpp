// mmrec/io.hpp - readers and writers: tables, arrays, data sets.
#pragma once
#include <mmrec/io/adjacency.hpp>
#include <mmrec/io/atomic_file.hpp>
#include <mmrec/io/checkpoint.hpp>
#include <mmrec/io/feature_table.hpp>
#include <mmrec/io/file.hpp>
#include <mmrec/io/interactions.hpp>
#include <mmrec/io/movielens.hpp>
#include <mmrec/io/npy.hpp>
#include <mmrec/io/partial_column.hpp>
#include <mmrec/io/safetensors.hpp>
#include <mmrec/io/table.hpp>
#include <mmrec/io/wav.hpp>
#include <mmrec/io/weights.hpp>
