// mmrec/image/detail/pictures.hpp - checks on pictures, and the loop over a batch of them.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/data/image.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace image::detail {

/// Pictures of one batch that one task works on; enough to share the tables of a workspace among them.
inline constexpr std::size_t pictures_per_task = 16;

/// How messages name a picture; names are made only once there is something to say.
inline std::string picture_name(std::size_t index) { return "picture " + std::to_string(index); }

inline void require_not_empty(std::string_view function, std::size_t index, const data::image_view& picture) {
  if (picture.height() == 0 || picture.width() == 0) {
    throw data_error(function, picture_name(index) + " is empty (" + std::to_string(picture.height()) + " x " +
                                   std::to_string(picture.width()) + " pixels)");
  }
}

inline void require_same_size(std::string_view function, std::size_t index, const data::image_view& picture,
                              std::size_t height, std::size_t width) {
  constexpr std::string_view cure = "; put image::resize before this stage to give all pictures one size";
  if (picture.height() != height)
    throw shape_error(function, "height of " + picture_name(index) + std::string(cure), height, picture.height());
  if (picture.width() != width)
    throw shape_error(function, "width of " + picture_name(index) + std::string(cure), width, picture.width());
}

/// The size of the first picture, for stages whose output depends on it. Throws data_error when there is none.
template <data::image_batch Batch>
data::image_view first_picture(std::string_view function, const Batch& batch) {
  if (batch.size() == 0) throw data_error(function, "no pictures to learn from");
  const data::image_view first = batch[0];
  require_not_empty(function, 0, first);
  return first;
}

/// One row of features for each picture: model.describe(function, name, picture, row, workspace).
template <class Model, executor Exec, data::image_batch Batch>
matrix<float> describe_all(std::string_view function, const Model& model, const Exec& exec, const Batch& batch) {
  matrix<float> rows(static_cast<Eigen::Index>(batch.size()), static_cast<Eigen::Index>(model.features()));
  for_ranges(exec, batch.size(), pictures_per_task, [&](std::size_t begin, std::size_t end) {
    typename Model::workspace scratch;
    for (std::size_t index = begin; index < end; ++index) {
      model.describe(function, index, batch[index], rows.data() + index * model.features(), scratch);
    }
  });
  return rows;
}

}  // namespace image::detail
}  // namespace mmrec::inline v0
