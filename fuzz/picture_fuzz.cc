// SPDX-License-Identifier: Apache-2.0
// Pictures that anybody may send. What is accepted is clean: cleaning it again changes nothing, and no place is left in it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace cityloop;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  (void)read_exif(text, Millis{0});
  const auto picture = clean_picture(text, Millis{0});
  if (!picture) return 0;
  const auto again = clean_picture(picture->clean, Millis{0});
  if (!again || again->clean != picture->clean || again->taken.place || again->taken.at) std::abort();
  return 0;
}
