// SPDX-License-Identifier: Apache-2.0
// The one file of a multipart/form-data body (RFC 7578). Pure; reads outside bytes.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace cityloop::serve {

struct FilePart {
  std::string_view bytes;  // into the body
  std::string type;        // as the part claims; may be empty
};
// kBadRequest when malformed, without a file or with several.
Result<FilePart> single_file(std::string_view content_type, std::string_view body);

}  // namespace cityloop::serve
