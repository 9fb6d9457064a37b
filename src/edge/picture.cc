// SPDX-License-Identifier: Apache-2.0
#include "edge/picture.h"

#include <zlib.h>

#include <algorithm>

#include "core/limits.h"

namespace cityloop {
namespace {

constexpr std::string_view kPngMagic{"\x89PNG\r\n\x1a\n", 8};
constexpr std::string_view kExifPrefix{"Exif\0\0", 6};

Error bad(std::string_view why) { return fail(errors::kBadImage, "the picture " + std::string(why)); }

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size, bool big) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[big ? at + i : at + size - 1 - i]);
  return value;
}
std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) { return number(bytes, at, size, true); }
std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) { return number(bytes, at, size, false); }

Result<void> check_size(const Picture& picture) {
  if (picture.width == 0 || picture.height == 0) return bad("has no size");
  if (picture.width > limits::kPictureSide || picture.height > limits::kPictureSide) {
    return bad("is larger than " + std::to_string(limits::kPictureSide) + " pixels a side");
  }
  return {};
}

// ---- JPEG (ITU-T T.81) ----------------------------------------------------------------------------------------

constexpr unsigned char kSoi = 0xD8, kEoi = 0xD9, kSos = 0xDA, kApp0 = 0xE0, kApp1 = 0xE1, kApp2 = 0xE2, kApp14 = 0xEE, kCom = 0xFE;

bool is_frame(unsigned char marker) { return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC; }

bool keeps_segment(unsigned char marker, std::string_view body) {
  using namespace std::string_view_literals;
  if (marker == kApp0) return body.starts_with("JFIF\0"sv);
  if (marker == kApp2) return body.starts_with("ICC_PROFILE\0"sv);
  if (marker == kApp14) return body.starts_with("Adobe"sv);
  if (marker >= kApp0 && marker <= 0xEF) return false;
  return marker != kCom;
}

void append_segment(std::string& out, unsigned char marker, std::string_view body) {
  out += '\xff';
  out += static_cast<char>(marker);
  out += static_cast<char>((body.size() + 2) >> 8);
  out += static_cast<char>((body.size() + 2) & 255);
  out += body;
}

// An EXIF segment that says nothing but which way is up.
void append_orientation(std::string& out, int orientation) {
  std::string body(kExifPrefix);
  body.append("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19);
  body += static_cast<char>(orientation);
  body.append(6, '\0');
  append_segment(out, kApp1, body);
}

// Where the entropy-coded data that begins at `at` ends: the next marker that is neither stuffing nor a restart.
std::size_t end_of_scan(std::string_view bytes, std::size_t at) {
  for (; at + 1 < bytes.size(); ++at) {
    if (bytes[at] != '\xff') continue;
    const auto next = static_cast<unsigned char>(bytes[at + 1]);
    if (next != 0 && next != 0xff && (next < 0xD0 || next > 0xD7)) return at;
  }
  return bytes.size();
}

Result<Picture> clean_jpeg(std::string_view bytes, Millis utc_offset) {
  Picture picture{"image/jpeg", {}, 0, 0, {}};
  std::string body_out;
  bool scanned = false;
  std::size_t at = 2;
  while (true) {
    while (at < bytes.size() && bytes[at] == '\xff' && at + 1 < bytes.size() && bytes[at + 1] == '\xff') ++at;  // fill bytes
    if (at + 2 > bytes.size() || bytes[at] != '\xff') return bad("is cut short or damaged");
    const auto marker = static_cast<unsigned char>(bytes[at + 1]);
    at += 2;
    if (marker == kEoi) break;
    if (marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= kSoi)) return bad("is damaged: a marker stands where none may");
    if (at + 2 > bytes.size()) return bad("is cut short");
    const std::size_t length = big_endian(bytes, at, 2);
    if (length < 2 || at + length > bytes.size()) return bad("is cut short");
    const std::string_view body = bytes.substr(at + 2, length - 2);
    at += length;
    if (is_frame(marker)) {
      if (marker > 0xC2) return bad("is a kind of JPEG that browsers do not show");
      if (body.size() < 6 || picture.width != 0) return bad("is damaged: its frame header is wrong");
      picture.height = big_endian(body, 1, 2);
      picture.width = big_endian(body, 3, 2);
      TRY(check_size(picture));
    }
    if (marker == kApp1 && body.starts_with(kExifPrefix)) picture.taken = read_exif(body.substr(kExifPrefix.size()), utc_offset);
    if (keeps_segment(marker, body)) append_segment(body_out, marker, body);
    if (marker != kSos) continue;
    if (picture.width == 0) return bad("is damaged: data before the frame header");
    const std::size_t end = end_of_scan(bytes, at);
    body_out += bytes.substr(at, end - at);
    scanned = scanned || end > at;
    at = end;
  }
  if (!scanned) return bad("has no image data");
  picture.clean = "\xff\xd8";
  if (picture.taken.orientation != 1) append_orientation(picture.clean, picture.taken.orientation);
  picture.clean += body_out;
  picture.clean += "\xff\xd9";
  return picture;
}

// ---- PNG (ISO/IEC 15948) --------------------------------------------------------------------------------------

bool keeps_chunk(std::string_view type) {
  static constexpr std::string_view kKept[] = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD", "pHYs"};
  return std::ranges::find(kKept, type) != std::end(kKept);
}

Result<Picture> clean_png(std::string_view bytes, Millis utc_offset) {
  Picture picture{"image/png", std::string(kPngMagic), 0, 0, {}};
  bool data = false;
  for (std::size_t at = kPngMagic.size();;) {
    if (bytes.size() - at < 12) return bad("is cut short");
    const std::size_t length = big_endian(bytes, at, 4);
    if (length > bytes.size() - at - 12) return bad("is cut short");
    const std::string_view chunk = bytes.substr(at, length + 12), type = chunk.substr(4, 4), body = chunk.substr(8, length);
    const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(chunk.data() + 4), static_cast<uInt>(length + 4));
    if (crc != big_endian(chunk, length + 8, 4)) return bad("is damaged: a checksum is wrong");
    at += chunk.size();
    if ((type == "IHDR") != (picture.width == 0)) return bad("is damaged: its header is not where it belongs");
    if (type == "IHDR") {
      if (length != 13) return bad("is damaged: its header is wrong");
      picture.width = big_endian(body, 0, 4);
      picture.height = big_endian(body, 4, 4);
      TRY(check_size(picture));
    }
    if (type == "eXIf") picture.taken = read_exif(body, utc_offset);
    data = data || (type == "IDAT" && length > 0);
    if (keeps_chunk(type)) picture.clean += chunk;
    if (type != "IEND") continue;
    if (!data) return bad("has no image data");
    return picture;
  }
}

// ---- WebP (RFC 9649) ------------------------------------------------------------------------------------------

constexpr std::uint8_t kWebpMoves = 0x02, kWebpXmp = 0x04, kWebpExif = 0x08;

Result<void> read_webp_size(std::string_view type, std::string_view body, Picture& picture) {
  if (type == "VP8X") {
    if (body.size() < 10) return bad("is damaged: its header is wrong");
    if ((static_cast<std::uint8_t>(body[0]) & kWebpMoves) != 0) return bad("moves; only still pictures are accepted");
    picture.width = little_endian(body, 4, 3) + 1;
    picture.height = little_endian(body, 7, 3) + 1;
  } else if (type == "VP8 ") {
    if (body.size() < 10 || body.substr(3, 3) != "\x9d\x01\x2a") return bad("is damaged: its frame header is wrong");
    picture.width = little_endian(body, 6, 2) & 0x3fff;
    picture.height = little_endian(body, 8, 2) & 0x3fff;
  } else if (type == "VP8L") {
    if (body.size() < 5 || body[0] != '\x2f') return bad("is damaged: its frame header is wrong");
    const std::uint32_t bits = little_endian(body, 1, 4);
    picture.width = (bits & 0x3fff) + 1;
    picture.height = ((bits >> 14) & 0x3fff) + 1;
  } else {
    return {};
  }
  return check_size(picture);
}

Result<Picture> clean_webp(std::string_view bytes, Millis utc_offset) {
  Picture picture{"image/webp", {}, 0, 0, {}};
  const std::size_t end = std::size_t{little_endian(bytes, 4, 4)} + 8;
  if (end > bytes.size() || end < 20) return bad("is cut short");
  std::string chunks;
  bool data = false;
  for (std::size_t at = 12; at < end;) {
    if (end - at < 8) return bad("is cut short");
    const std::string_view type = bytes.substr(at, 4);
    const std::size_t length = little_endian(bytes, at + 4, 4), padded = length + (length & 1);
    if (padded > end - at - 8) return bad("is cut short");
    const std::string_view body = bytes.substr(at + 8, length);
    std::string chunk(bytes.substr(at, 8 + padded));
    at += chunk.size();
    const bool image = type == "VP8 " || type == "VP8L";
    if (image && data) return bad("is damaged: it has two images");
    TRY(read_webp_size(type, body, picture));
    if (type == "VP8X") chunk[8] = static_cast<char>(static_cast<std::uint8_t>(chunk[8]) & ~(kWebpExif | kWebpXmp));
    if (type == "EXIF") picture.taken = read_exif(body.starts_with(kExifPrefix) ? body.substr(kExifPrefix.size()) : body, utc_offset);
    if (image || type == "VP8X" || type == "ICCP" || type == "ALPH") chunks += chunk;
    data = data || image;
  }
  if (!data) return bad("has no image data");
  const auto size = static_cast<std::uint32_t>(chunks.size() + 4);
  picture.clean = "RIFF";
  for (unsigned shift = 0; shift < 32; shift += 8) picture.clean += static_cast<char>((size >> shift) & 255);
  picture.clean += "WEBP" + chunks;
  return picture;
}

}  // namespace

std::string_view picture_type(std::string_view bytes) {
  if (bytes.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (bytes.starts_with(kPngMagic)) return "image/png";
  if (bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP") return "image/webp";
  return {};
}

Result<Picture> clean_picture(std::string_view bytes, Millis utc_offset) {
  const std::string_view type = picture_type(bytes);
  if (type == "image/jpeg") return clean_jpeg(bytes, utc_offset);
  if (type == "image/png") return clean_png(bytes, utc_offset);
  if (type == "image/webp") return clean_webp(bytes, utc_offset);
  return fail(errors::kBadImage, "only JPEG, PNG and WebP pictures are accepted");
}

}  // namespace cityloop
