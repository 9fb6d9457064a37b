// SPDX-License-Identifier: Apache-2.0
#include "edge/attachments.h"

#include <zlib.h>

#include "core/context.h"
#include "core/limits.h"
#include "edge/picture.h"
#include "edge/scratch_test.h"
#include "edge/secrets.h"

namespace cityloop {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

std::string u16(std::uint32_t n) { return {static_cast<char>(n >> 8), static_cast<char>(n)}; }
std::string u32(std::uint32_t n) { return u16(n >> 16) + u16(n); }
std::string little(std::uint32_t n) { return {static_cast<char>(n), static_cast<char>(n >> 8), static_cast<char>(n >> 16), static_cast<char>(n >> 24)}; }

std::string entry(std::uint32_t tag, std::uint32_t type, std::uint32_t count, const std::string& value) {
  return u16(tag) + u16(type) + u32(count) + (value + "\0\0\0"s).substr(0, 4);
}
std::string rationals(std::initializer_list<std::uint32_t> numbers) {
  std::string out;
  for (const std::uint32_t each : numbers) out += u32(each);
  return out;
}

// Orientation 6, taken in Chongqing (29 deg 32' 37.68" N, 106 deg 27' 0.72" E) on 2022-08-22 at 14:00:05 local time.
std::string exif(const std::string& offset = "") {
  std::string out = "MM\0*"s + u32(8);
  const std::uint32_t exif_folder = 8 + 2 + 3 * 12 + 4, gps_folder = exif_folder + 2 + 2 * 12 + 4, data = gps_folder + 2 + 4 * 12 + 4;
  out += u16(3) + entry(0x0112, 3, 1, u16(6)) + entry(0x8769, 4, 1, u32(exif_folder)) + entry(0x8825, 4, 1, u32(gps_folder)) + u32(0);
  out += u16(2) + entry(0x9003, 2, 20, u32(data)) + entry(0x9011, 2, offset.empty() ? 0 : 7, u32(data + 20)) + u32(0);
  out += u16(4) + entry(1, 2, 2, "N\0"s) + entry(2, 5, 3, u32(data + 28)) + entry(3, 2, 2, "E\0"s) + entry(4, 5, 3, u32(data + 52)) + u32(0);
  out += "2022:08:22 14:00:05\0"s + (offset + "\0\0\0\0\0\0\0\0"s).substr(0, 8);
  return out + rationals({29, 1, 32, 1, 3768, 100}) + rationals({106, 1, 27, 1, 72, 100});
}

std::string segment(int marker, const std::string& body) { return "\xff"s + static_cast<char>(marker) + u16(static_cast<std::uint32_t>(body.size() + 2)) + body; }

std::string jpeg(std::uint32_t width = 640, std::uint32_t height = 480, const std::string& extra = "", int frame = 0xC0) {
  return "\xff\xd8"s + segment(0xE0, "JFIF\0\1\1\0\0\1\0\1\0\0"s) + extra + segment(0xDB, std::string(65, '\1')) +
         segment(frame, "\x08"s + u16(height) + u16(width) + "\1\1\x11\0"s) + segment(0xC4, std::string(20, '\0')) +
         segment(0xDA, "\1\1\0\0\x3f\0"s) + "scan\xff\0data\xff\xd0more"s + "\xff\xd9";
}

std::string chunk(const std::string& type, const std::string& body) {
  const std::string inside = type + body;
  return u32(static_cast<std::uint32_t>(body.size())) + inside + u32(static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(inside.data()), static_cast<uInt>(inside.size()))));
}
std::string png(std::uint32_t width = 3, std::uint32_t height = 2, const std::string& extra = "") {
  return "\x89PNG\r\n\x1a\n"s + chunk("IHDR", u32(width) + u32(height) + "\x08\x02\0\0\0"s) + extra + chunk("IDAT", "zzz") + chunk("IEND", "");
}

std::string webp_chunk(const std::string& type, const std::string& body) {
  return type + little(static_cast<std::uint32_t>(body.size())) + body + (body.size() % 2 == 1 ? "\0"s : "");
}
std::string webp(const std::string& chunks) { return "RIFF" + little(static_cast<std::uint32_t>(chunks.size() + 4)) + "WEBP" + chunks; }
std::string vp8() { return webp_chunk("VP8 ", "\x10\0\0\x9d\x01\x2a\x80\x02\xe0\x01pixels"s); }
std::string vp8x(char flags) { return webp_chunk("VP8X", flags + "\0\0\0\x7f\x02\0\xdf\x01\0"s); }

constexpr Millis kChongqing = std::chrono::hours(8);

const Code* code_of(const std::string& bytes) {
  const auto picture = clean_picture(bytes, kChongqing);
  return picture ? nullptr : picture.error().code;
}

TEST(Picture, JpegLosesEverythingButThePicture) {
  const std::string told = segment(0xE1, "Exif\0\0"s + exif()) + segment(0xE1, "http://ns.adobe.com/xap/1.0/\0<secret/>"s) +
                           segment(0xED, "Photoshop 3.0\0secret"s) + segment(0xFE, "secret") + segment(0xE2, "MPF\0secret"s) + segment(0xE2, "ICC_PROFILE\0\1\1p"s);
  const Picture picture = clean_picture(jpeg(640, 480, told) + "secret video behind the end", kChongqing).value();
  EXPECT_EQ(picture.type, "image/jpeg");
  EXPECT_EQ(picture.width, 640u);
  EXPECT_EQ(picture.height, 480u);
  EXPECT_EQ(picture.clean.find("secret"), std::string::npos);
  EXPECT_EQ(picture.clean.find("2022"), std::string::npos);
  EXPECT_NE(picture.clean.find("ICC_PROFILE"), std::string::npos);
  ASSERT_TRUE(picture.taken.place.has_value());
  EXPECT_NEAR(picture.taken.place->lat, 29.5438, 1e-9);
  EXPECT_NEAR(picture.taken.place->lng, 106.4502, 1e-9);
  EXPECT_EQ(format_time(picture.taken.at.value()), "2022-08-22T06:00:05Z");
  // which way is up stays, and cleaning again changes nothing
  const Picture again = clean_picture(picture.clean, kChongqing).value();
  EXPECT_EQ(again.taken.orientation, 6);
  EXPECT_FALSE(again.taken.place.has_value());
  EXPECT_EQ(again.clean, picture.clean);
  EXPECT_EQ(clean_picture(jpeg(), kChongqing).value().clean, jpeg());
}

TEST(Picture, TheCamerasOwnOffsetHolds) {
  const Picture picture = clean_picture(jpeg(1, 1, segment(0xE1, "Exif\0\0"s + exif("+09:30"))), kChongqing).value();
  EXPECT_EQ(format_time(picture.taken.at.value()), "2022-08-22T04:30:05Z");
}

TEST(Picture, PngAndWebpLoseTheirNotes) {
  const std::string notes = chunk("eXIf", exif()) + chunk("tEXt", "Author\0secret"s) + chunk("iTXt", "secret") + chunk("zTXt", "secret") + chunk("tIME", "secret.") + chunk("gAMA", u32(45455));
  const Picture flat = clean_picture(png(3, 2, notes) + "secret", kChongqing).value();
  EXPECT_EQ(flat.clean, png(3, 2, chunk("gAMA", u32(45455))));
  EXPECT_TRUE(flat.taken.place.has_value());

  const Picture small = clean_picture(webp(vp8x(0x0c) + vp8() + webp_chunk("EXIF", exif()) + webp_chunk("XMP ", "<secret/>")), kChongqing).value();
  EXPECT_EQ(small.clean, webp(vp8x(0) + vp8()));
  EXPECT_EQ(small.width, 640u);
  EXPECT_EQ(small.height, 480u);
  EXPECT_TRUE(small.taken.place.has_value());
  const Picture lossless = clean_picture(webp(webp_chunk("VP8L", "\x2f"s + little((639u) | (479u << 14)) + "x")), kChongqing).value();
  EXPECT_EQ(lossless.width, 640u);
  EXPECT_EQ(lossless.height, 480u);
}

TEST(Picture, RefusesWhatIsNoWholePicture) {
  EXPECT_EQ(code_of(""), &errors::kBadImage);
  EXPECT_EQ(code_of("GIF89a"), &errors::kBadImage);
  EXPECT_EQ(code_of("<svg xmlns='http://www.w3.org/2000/svg'/>"), &errors::kBadImage);
  EXPECT_EQ(code_of(jpeg(12'001, 1)), &errors::kBadImage);
  EXPECT_EQ(code_of(jpeg(0, 1)), &errors::kBadImage);
  EXPECT_EQ(code_of(jpeg(1, 1, "", 0xC3)), &errors::kBadImage);
  EXPECT_EQ(code_of(png(12'001, 1)), &errors::kBadImage);
  EXPECT_EQ(code_of(webp(vp8x(0x02) + vp8())), &errors::kBadImage);
  EXPECT_EQ(code_of(webp(vp8() + vp8())), &errors::kBadImage);
  for (const std::string& whole : {jpeg(), png(), webp(vp8x(0) + vp8())}) {
    for (std::size_t size = 0; size < whole.size(); ++size) ASSERT_EQ(code_of(whole.substr(0, size)), &errors::kBadImage) << size;
  }
  std::string damaged = png();
  damaged[30] ^= 1;
  EXPECT_EQ(code_of(damaged), &errors::kBadImage);
}

TEST(Picture, SurvivesHostileBytes) {
  Chance chance(8);
  const std::vector<std::string> seeds{jpeg(640, 480, segment(0xE1, "Exif\0\0"s + exif("+08:00"))), png(3, 2, chunk("eXIf", exif())),
                                       webp(vp8x(0x08) + vp8() + webp_chunk("EXIF", exif()))};
  int accepted = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string bytes = seeds[chance.next() % seeds.size()];
    for (std::uint64_t n = 1 + chance.next() % 6; n > 0; --n) {
      const std::size_t at = chance.next() % bytes.size();
      switch (chance.next() % 4) {
        case 0: bytes[at] = static_cast<char>(chance.next()); break;
        case 1: bytes[at] = static_cast<char>(0xff); break;
        case 2: bytes.erase(at, chance.next() % 8); break;
        default: bytes.insert(at, bytes.substr(chance.next() % bytes.size(), chance.next() % 40)); break;
      }
      if (bytes.empty()) bytes = "x";
    }
    const auto picture = clean_picture(bytes, kChongqing);
    if (!picture) continue;
    ++accepted;
    const auto again = clean_picture(picture->clean, kChongqing);
    ASSERT_TRUE(again.has_value()) << again.error().detail;
    ASSERT_EQ(again->clean, picture->clean);
    ASSERT_FALSE(again->taken.place.has_value());
  }
  EXPECT_GT(accepted, 100);
}

TEST(Attachments, KeepsByDigestAndServesOnlyDigests) {
  const Scratch scratch;
  auto kept = Attachments::create(scratch.path()).value();
  const std::string sent = jpeg(640, 480, segment(0xE1, "Exif\0\0"s + exif()));
  const Attachment attachment = kept->keep(sent, "user:a", from_ms(5)).value();
  EXPECT_EQ(attachment.id, sha256_hex(clean_picture(sent, kChongqing)->clean));
  EXPECT_EQ(attachment.original, sha256_hex(sent));
  EXPECT_EQ(attachment.type, "image/jpeg");
  EXPECT_TRUE(attachment.taken_place && attachment.taken_at);
  EXPECT_TRUE(fs::exists(scratch / ("attachments/" + attachment.id.substr(0, 2) + "/" + attachment.id.substr(2))));
  const Attachments::Found found = kept->read(attachment.id).value();
  EXPECT_EQ(found.bytes.size(), attachment.bytes);
  EXPECT_EQ(found.type, "image/jpeg");
  EXPECT_EQ(kept->read_original(attachment.original).value().bytes, sent);
  EXPECT_EQ(kept->keep(sent, "user:b", from_ms(6)).value().id, attachment.id);
  EXPECT_TRUE(kept->keep(png(), "user:b", from_ms(6)).value().original.empty());

  EXPECT_EQ(kept->keep("text", "user:a", from_ms(5)).error().code, &errors::kBadImage);
  EXPECT_EQ(kept->keep(std::string(limits::kAttachmentBytes + 1, 'x'), "user:a", from_ms(5)).error().code, &errors::kTooLarge);
  for (const std::string& id : {""s, "../../etc/passwd"s, std::string(64, 'a'), std::string(64, '.'), std::string(62, 'a') + "/x"}) {
    EXPECT_EQ(kept->read(id).error().code, &errors::kNotFound);
  }
  const std::string path = scratch / ("attachments/" + attachment.id.substr(0, 2) + "/" + attachment.id.substr(2));
  std::string rotten = slurp(path);
  rotten[rotten.size() / 2] ^= 1;
  spill(path, rotten);
  EXPECT_EQ(kept->read(attachment.id).error().code, &errors::kCorrupt);
}

TEST(Attachments, ForgetsWhatACrashLeftHalfWritten) {
  const Scratch scratch;
  (void)Attachments::create(scratch.path()).value();
  spill(scratch / "attachments/7.tmp", "half");
  auto kept = Attachments::create(scratch.path()).value();
  EXPECT_FALSE(fs::exists(scratch / "attachments/7.tmp"));
}

}  // namespace
}  // namespace cityloop
