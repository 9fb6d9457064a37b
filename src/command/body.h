// SPDX-License-Identifier: Apache-2.0
// Reads the fields of actions and reports out of a JSON body; every failure names the field. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/pack.h"
#include "core/words.h"

namespace cityloop {

Result<boost::json::object> read_body(std::string_view text);  // an object; empty text is an empty one

// Text of at most `most` bytes; absent reads as empty. need_text: kMissingField when absent or empty.
Result<std::string> want_text(const boost::json::object& body, std::string_view key, std::size_t most);
Result<std::string> need_text(const boost::json::object& body, std::string_view key, std::size_t most);

// GeoJSON Point, or {"lng","lat"}, or [lng, lat].
Result<std::optional<LngLat>> want_place(const boost::json::object& body, std::string_view key);

// {"scheme"?,"type"?,"code"} or the bare code. What is left out is taken from the pack whose case has this code, else
// scheme GB2013 and type event. Absent: no code.
Result<ClassCode> want_class(const boost::json::object& body, std::string_view key, const Packs& packs);
// The pack whose case section has this class; null: none.
const Pack* pack_of_class(const ClassCode& klass, const Packs& packs);

Result<std::optional<Urgency>> want_urgency(const boost::json::object& body, std::string_view key);
Result<std::vector<std::string>> want_texts(const boost::json::object& body, std::string_view key, std::size_t most);

Error bad_field(std::string_view key, std::string_view sentence);  // kBadField: `key` sentence

}  // namespace cityloop
