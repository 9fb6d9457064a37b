// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>

#include "edge/picture.h"

namespace cityloop {
namespace {

constexpr std::uint16_t kOrientation = 0x0112, kExifFolder = 0x8769, kGpsFolder = 0x8825;
constexpr std::uint16_t kTimeOriginal = 0x9003, kOffsetOriginal = 0x9011;
constexpr std::uint16_t kLatitudeRef = 1, kLatitude = 2, kLongitudeRef = 3, kLongitude = 4;
constexpr std::uint16_t kAscii = 2, kShort = 3, kLong = 4, kRational = 5;
constexpr std::size_t kEntriesMost = 512;

struct Entry {
  std::uint16_t type = 0;
  std::uint32_t count = 0;
  std::size_t at = 0;  // where its value stands
};

class Tiff {
 public:
  explicit Tiff(std::string_view bytes) : bytes_(bytes) {
    if (bytes.size() < 8) return;
    big_ = bytes.starts_with("MM");
    valid_ = (big_ || bytes.starts_with("II")) && number(2, 2) == 42;
  }
  bool valid() const { return valid_; }
  // Unsigned number of 2 or 4 bytes; 0 outside.
  std::uint32_t number(std::size_t at, std::size_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = (value << 8) | static_cast<unsigned char>(bytes_[big_ ? at + i : at + size - 1 - i]);
    return value;
  }
  std::optional<Entry> find(std::size_t folder, std::uint16_t tag) const {
    if (folder == 0 || folder >= bytes_.size()) return std::nullopt;
    const std::size_t entries = std::min<std::size_t>(number(folder, 2), kEntriesMost);
    for (std::size_t i = 0; i < entries; ++i) {
      const std::size_t at = folder + 2 + 12 * i;
      if (number(at, 2) != tag) continue;
      Entry entry{static_cast<std::uint16_t>(number(at + 2, 2)), number(at + 4, 4), at + 8};
      const std::size_t size = entry.type == kRational ? 8 : entry.type == kLong ? 4 : entry.type == kShort ? 2 : 1;
      if (entry.count > 4 / size) entry.at = number(at + 8, 4);
      if (entry.count > 64 || entry.at >= bytes_.size() || bytes_.size() - entry.at < size * entry.count) return std::nullopt;
      return entry;
    }
    return std::nullopt;
  }
  std::size_t folder(std::size_t from, std::uint16_t tag) const {
    const auto entry = find(from, tag);
    return entry && entry->type == kLong ? number(entry->at, 4) : 0;
  }
  std::string text(std::size_t from, std::uint16_t tag) const {
    const auto entry = find(from, tag);
    if (!entry || entry->type != kAscii) return {};
    const std::string all(bytes_.substr(entry->at, entry->count));
    return all.substr(0, all.find('\0'));
  }
  // Degrees, minutes, seconds as three fractions.
  std::optional<double> degrees(std::size_t from, std::uint16_t tag) const {
    const auto entry = find(from, tag);
    if (!entry || entry->type != kRational || entry->count != 3) return std::nullopt;
    double value = 0, part = 1;
    for (std::size_t i = 0; i < 3; ++i, part *= 60) {
      const double top = number(entry->at + 8 * i, 4), bottom = number(entry->at + 8 * i + 4, 4);
      if (bottom == 0 && top != 0) return std::nullopt;
      if (bottom != 0) value += top / bottom / part;
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool big_ = false;
  bool valid_ = false;
};

std::optional<LngLat> place_of(const Tiff& tiff, std::size_t gps) {
  const auto lat = tiff.degrees(gps, kLatitude), lng = tiff.degrees(gps, kLongitude);
  if (!lat || !lng) return std::nullopt;
  const bool south = tiff.text(gps, kLatitudeRef) == "S", west = tiff.text(gps, kLongitudeRef) == "W";
  const LngLat place{west ? -*lng : *lng, south ? -*lat : *lat};
  const bool nowhere = place.lng == 0 && place.lat == 0;  // what cameras write without a fix
  if (!is_valid(place) || nowhere) return std::nullopt;
  return place;
}

// `2022:08:22 14:00:00` and, where the camera knows it, `+08:00`.
std::optional<Time> time_of(const Tiff& tiff, std::size_t exif, Millis utc_offset) {
  std::string text = tiff.text(exif, kTimeOriginal);
  if (text.size() != 19 || text[4] != ':' || text[7] != ':' || text[10] != ' ') return std::nullopt;
  text[4] = text[7] = '-';
  text[10] = 'T';
  const std::string offset = tiff.text(exif, kOffsetOriginal);
  if (offset.size() == 6) {
    const auto exact = parse_time(text + offset);
    if (exact) return *exact;
  }
  const auto local = parse_time(text + "Z");
  if (!local) return std::nullopt;
  return *local - utc_offset;
}

}  // namespace

Taken read_exif(std::string_view bytes, Millis utc_offset) {
  Taken taken;
  const Tiff tiff(bytes);
  if (!tiff.valid()) return taken;
  const std::size_t main = tiff.number(4, 4);
  if (const auto entry = tiff.find(main, kOrientation); entry && entry->type == kShort) {
    const std::uint32_t value = tiff.number(entry->at, 2);
    if (value >= 1 && value <= 8) taken.orientation = static_cast<int>(value);
  }
  if (const std::size_t gps = tiff.folder(main, kGpsFolder)) taken.place = place_of(tiff, gps);
  if (const std::size_t exif = tiff.folder(main, kExifFolder)) taken.at = time_of(tiff, exif, utc_offset);
  return taken;
}

}  // namespace cityloop
