// mmrec/image.hpp - everything of the image group.
#pragma once
#include <mmrec/image/color_histogram.hpp>
#include <mmrec/image/filter.hpp>
#include <mmrec/image/gradient_histogram.hpp>
#include <mmrec/image/pixels.hpp>
#include <mmrec/image/resize.hpp>
#include <mmrec/image/standardize.hpp>
#include <mmrec/image/uniform_images.hpp>
