// SPDX-License-Identifier: Apache-2.0
#include "edge/history_keys.h"

namespace cityloop {
namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;  // flipped, so that negative times sort first

void append_number(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((number >> shift) & 255);
}
std::uint64_t read_number(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes.substr(0, 8)) number = (number << 8) | static_cast<unsigned char>(byte);
  return number;
}
void append_time(std::string& out, Time at) { append_number(out, static_cast<std::uint64_t>(to_ms(at)) ^ kSign); }
Time read_time(std::string_view bytes) { return from_ms(static_cast<std::int64_t>(read_number(bytes) ^ kSign)); }

// A text ends in 00 01, a zero inside it becomes 00 ff: longer texts sort behind their beginnings.
void append_text(std::string& out, std::string_view text) {
  for (const char byte : text) {
    out += byte;
    if (byte == '\0') out += '\xff';
  }
  out += '\0';
  out += '\1';
}

bool take_text(std::string_view& bytes, std::string& text) {
  text.clear();
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    if (bytes[i] != '\0') {
      text += bytes[i];
    } else if (bytes[i + 1] == '\1') {
      bytes.remove_prefix(i + 2);
      return true;
    } else {
      text += bytes[i++];
    }
  }
  return false;
}

bool take_time(std::string_view& bytes, Time& at) {
  if (bytes.size() < 8) return false;
  at = read_time(bytes);
  bytes.remove_prefix(8);
  return true;
}

}  // namespace

std::string point_key(PointId point) {
  std::string key;
  append_number(key, point);
  return key;
}

std::string point_key(PointId point, Time at) {
  std::string key;
  key.reserve(16);
  append_number(key, point);
  append_time(key, at);
  return key;
}

PointId point_of_key(std::string_view key) { return read_number(key); }
Time time_of_key(std::string_view key) { return read_time(key.substr(std::min<std::size_t>(8, key.size()))); }

std::string record_key_by_asset(const RecordKey& key) {
  std::string bytes = "a";
  append_text(bytes, key.asset);
  append_time(bytes, key.at);
  append_text(bytes, key.kind);
  append_text(bytes, key.id);
  return bytes;
}

std::string record_key_by_kind(const RecordKey& key) {
  std::string bytes = "k";
  append_text(bytes, key.kind);
  append_time(bytes, key.at);
  append_text(bytes, key.asset);
  append_text(bytes, key.id);
  return bytes;
}

std::string record_key_by_time(const RecordKey& key) {
  std::string bytes = "t";
  append_time(bytes, key.at);
  append_text(bytes, key.asset);
  append_text(bytes, key.kind);
  append_text(bytes, key.id);
  return bytes;
}

std::string record_key(char order, const RecordKey& key) {
  return order == 'a' ? record_key_by_asset(key) : order == 'k' ? record_key_by_kind(key) : record_key_by_time(key);
}

bool parse_record_key(std::string_view bytes, RecordKey& key) {
  if (bytes.empty()) return false;
  const char order = bytes.front();
  bytes.remove_prefix(1);
  if (order == 'a') return take_text(bytes, key.asset) && take_time(bytes, key.at) && take_text(bytes, key.kind) && take_text(bytes, key.id);
  if (order == 'k') return take_text(bytes, key.kind) && take_time(bytes, key.at) && take_text(bytes, key.asset) && take_text(bytes, key.id);
  return take_time(bytes, key.at) && take_text(bytes, key.asset) && take_text(bytes, key.kind) && take_text(bytes, key.id);
}

RecordRange record_range(const RecordQuery& query) {
  RecordRange range;
  range.order = !query.asset.empty() ? 'a' : !query.kind.empty() ? 'k' : 't';
  range.first = std::string(1, range.order);
  if (range.order != 't') append_text(range.first, range.order == 'a' ? query.asset : query.kind);
  range.behind = range.first;
  append_time(range.first, query.from);
  append_time(range.behind, query.to);
  return range;
}

}  // namespace cityloop
