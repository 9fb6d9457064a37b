// SPDX-License-Identifier: Apache-2.0
#include "serve/persons.h"

#include <algorithm>
#include <iterator>

namespace cityloop::serve {
namespace {

std::size_t first_character(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) ++size;
  return size;
}

// Whoever mends must not learn who complained: only the desk and the collectors see even the masked form.
bool may_see_masked(const Actor& actor) {
  static constexpr Role kDeskRoles[] = {Role::acceptor, Role::shift_leader, Role::dispatcher, Role::collector,
                                        Role::inspector, Role::leader, Role::admin};
  return std::any_of(std::begin(kDeskRoles), std::end(kDeskRoles), [&](Role role) { return actor.is(role); });
}

}  // namespace

std::string mask_phone(std::string_view phone) {
  if (phone.empty()) return {};
  if (phone.size() < 8) return "****";
  return std::string(phone.substr(0, 3)) + "****" + std::string(phone.substr(phone.size() - 4));
}

std::string phone_digits(std::string_view phone) {
  std::string digits;
  std::copy_if(phone.begin(), phone.end(), std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
  if (digits.size() == 13 && digits.starts_with("86")) digits.erase(0, 2);
  return digits.size() < 7 ? std::string() : digits;
}

std::string mask_name(std::string_view name) {
  if (name.empty()) return {};
  return std::string(name.substr(0, first_character(name))) + "*";
}

std::optional<Person> person_of(const CityFace& city, std::string_view key) {
  const auto row = city.journal->find("persons", key);
  if (!row || !*row) return std::nullopt;
  const auto doc = parse_json((*row)->doc);
  if (!doc || !doc->is_object()) return std::nullopt;
  return Person{city.open(text_or(doc->get_object(), "name")), city.open(text_or(doc->get_object(), "phone"))};
}

void mask_reporter(const Call& call, std::string& doc) {
  static constexpr std::string_view kMember = "\"reporter\":\"";
  const std::size_t at = doc.find(kMember);
  if (at == std::string::npos) return;
  const std::size_t from = at + kMember.size(), end = doc.find('"', from);  // keys need no escapes
  JsonWriter shown;
  const auto person = may_see_masked(call.caller.actor) ? person_of(call.city(), std::string_view(doc).substr(from, end - from)) : std::nullopt;
  if (person) {
    shown.begin_object().member_or_null("name", mask_name(person->name)).member_or_null("phone", mask_phone(person->phone));
    shown.member("masked", true).end_object();
  } else {
    shown.null();
  }
  doc.replace(from - 1, end + 1 - (from - 1), shown.text());
}

}  // namespace cityloop::serve
