// SPDX-License-Identifier: Apache-2.0
#include "serve/initials.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/json_write.h"

namespace cityloop::serve {
namespace {

constexpr char32_t kFirst = 0x4E00, kLast = 0x9FA5;
constexpr std::size_t kSpellings = 8;  // three characters of two readings in one name are rare already

struct Other {
  char32_t character;
  char letter;
};
// The second initial of characters that stand in names of places and people with either reading.
constexpr std::array<Other, 30> kOthers{{{U'重', 'c'}, {U'长', 'z'}, {U'厦', 's'}, {U'乐', 'y'}, {U'朝', 'z'}, {U'曾', 'c'},
                                         {U'单', 's'}, {U'解', 'x'}, {U'仇', 'q'}, {U'区', 'o'}, {U'查', 'z'}, {U'石', 'd'},
                                         {U'盛', 'c'}, {U'调', 't'}, {U'藏', 'z'}, {U'传', 'z'}, {U'降', 'x'}, {U'校', 'j'},
                                         {U'参', 's'}, {U'弹', 't'}, {U'尾', 'y'}, {U'贾', 'g'}, {U'行', 'h'}, {U'尉', 'y'},
                                         {U'会', 'k'}, {U'洞', 't'}, {U'俞', 's'}, {U'翟', 'd'}, {U'种', 'c'}, {U'繁', 'p'}}};

char32_t character_at(std::string_view text, std::size_t size) {
  static constexpr unsigned kLead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t out = static_cast<unsigned char>(text[0]) & kLead[size];
  for (std::size_t i = 1; i < size; ++i) out = (out << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return out;
}

void append(std::vector<std::string>& spellings, char letter) {
  for (std::string& one : spellings) one += letter;
}

void append_either(std::vector<std::string>& spellings, char letter, char other) {
  const std::size_t known = spellings.size();
  const bool room = 2 * known <= kSpellings;
  for (std::size_t i = 0; room && i < known; ++i) spellings.push_back(spellings[i] + other);
  for (std::size_t i = 0; i < known; ++i) spellings[i] += letter;
}

void append_character(std::vector<std::string>& spellings, char32_t character) {
  const char letter = kInitials[character - kFirst];
  if (letter == '?') return;
  for (const Other& other : kOthers)
    if (other.character == character && other.letter != letter) return append_either(spellings, letter, other.letter);
  append(spellings, letter);
}

}  // namespace

std::string initials_of(std::string_view text) {
  std::vector<std::string> spellings(1);
  bool chinese = false;
  while (!text.empty()) {
    const std::size_t size = std::max<std::size_t>(1, json_text::sequence(text));
    const char32_t character = character_at(text, size);
    if (character >= kFirst && character <= kLast) {
      chinese = true;
      append_character(spellings, character);
    } else if (character >= 'A' && character <= 'Z') {
      append(spellings, static_cast<char>(character - 'A' + 'a'));
    } else if ((character >= 'a' && character <= 'z') || (character >= '0' && character <= '9')) {
      append(spellings, static_cast<char>(character));
    }
    text.remove_prefix(size);
  }
  if (!chinese) return {};
  std::string out;
  for (const std::string& one : spellings) out += (out.empty() ? "" : " ") + one;
  return out;
}

std::string searchable(std::string text) {
  const std::string initials = initials_of(text);
  return initials.empty() ? text : std::move(text) + " " + initials;
}

}  // namespace cityloop::serve
