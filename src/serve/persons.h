// SPDX-License-Identifier: Apache-2.0
// Who reported: sealed side rows, masked in every list (domain.md §7.2). Of this room only.
#pragma once

#include <string>
#include <string_view>

#include "serve/call.h"

namespace cityloop::serve {

std::string mask_phone(std::string_view phone);  // 138****1234
std::string mask_name(std::string_view name);    // 张*

std::string phone_digits(std::string_view phone);  // without spaces, signs and +86: one caller, one number; empty: no number

struct Person {
  std::string name, phone;
};
// Opens a side row; nothing when it has been deleted.
std::optional<Person> person_of(const CityFace& city, std::string_view key);

// Replaces the `reporter` key of a report's document by the masked person, or by null where the caller must not know.
void mask_reporter(const Call& call, std::string& doc);

}  // namespace cityloop::serve
