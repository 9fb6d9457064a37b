// SPDX-License-Identifier: Apache-2.0
// Pictures that people send: JPEG, PNG and WebP, checked by their structure and written again without what the camera tells
// about the person who took them. Only parts that a picture needs are kept (a list of what stays, not of what goes). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/geo.h"
#include "core/result.h"
#include "core/time.h"

namespace cityloop {

struct Taken {                  // what EXIF says about the moment
  std::optional<LngLat> place;
  std::optional<Time> at;
  int orientation = 1;          // 1 to 8, TIFF 6.0; kept in the clean JPEG, so that it is shown upright
};

struct Picture {
  std::string type;             // image/jpeg, image/png, image/webp
  std::string clean;
  std::uint32_t width = 0, height = 0;
  Taken taken;
};

// kBadImage when it is none of the three, is damaged or cut short, moves, or has a side beyond limits::kPictureSide.
// `utc_offset` is meant where the camera wrote a time without one.
Result<Picture> clean_picture(std::string_view bytes, Millis utc_offset);

// The TIFF structure of EXIF 2.32, without its `Exif` prefix. Never fails: what cannot be read is absent.
Taken read_exif(std::string_view tiff, Millis utc_offset);

// The type by the first bytes, empty when it is none of the three.
std::string_view picture_type(std::string_view bytes);

}  // namespace cityloop
