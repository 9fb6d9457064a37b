// SPDX-License-Identifier: Apache-2.0
// The last values of one asset as JSON, for /state, the asset's document and the live topics. Pure.
#pragma once

#include "analyse/live_state.h"
#include "core/json_write.h"
#include "core/pack.h"
#include "serve/book.h"

namespace cityloop::serve {

// {"asset","kind","level","values":{point:{"at","value","quality","unit","age_s","stale"}}}; points never heard are left out.
void put_state(JsonWriter& out, std::string_view asset, std::string_view kind_name, const KindSpec* kind, const LiveAsset* live, Time now);

// The value that stands for the asset on a map: of its first point that was heard; null when none was.
const LiveValue* main_value(const LiveAsset& live);

}  // namespace cityloop::serve
