// SPDX-License-Identifier: Apache-2.0
// The API described by itself: OpenAPI 3.1 and the table in docs/api.md, both from the route table.
#pragma once

#include <string>
#include <string_view>

#include "core/json_write.h"

namespace cityloop::serve {

std::string openapi_document(std::string_view version);
void put_schemas(JsonWriter& out);          // members of components.schemas
bool is_schema(std::string_view name);

}  // namespace cityloop::serve
