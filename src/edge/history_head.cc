// SPDX-License-Identifier: Apache-2.0
#include "edge/history_head.h"

#include <algorithm>
#include <cstring>

#include "edge/crc32c.h"
#include "edge/varint.h"

namespace cityloop {
namespace {

// A sample is a number (folded change of the time step << 2 | kind) and what its kind needs.
enum Kind : std::uint8_t {
  kSame = 0,    // value and quality as before
  kMoved = 1,   // folded difference of the mantissa
  kWhole = 2,   // scale, quality, folded mantissa
  kFar = 3,     // the change of step stands by itself, then as kWhole
};
constexpr std::size_t kSampleMost = 3 * kVarintMost + 2;

struct Stored {  // in front of the stream, little-endian
  std::uint64_t covered = 0;
  std::int64_t first_at = 0, last_at = 0, step = 0, closed_at = 0, mantissa = 0;
  std::int32_t scale = 0;
  std::uint16_t count = 0;
  std::uint8_t quality = 0;
  std::uint8_t has_closed = 0;
};
static_assert(sizeof(Stored) == 56);

}  // namespace

HistoryHead::HistoryHead(HistoryHead&& other) noexcept { *this = std::move(other); }

HistoryHead& HistoryHead::operator=(HistoryHead&& other) noexcept {
  if (this == &other) return *this;
  std::free(bytes_);
  covered = other.covered;
  dirty = other.dirty;
  point_ = other.point_;
  bytes_ = std::exchange(other.bytes_, nullptr);
  size_ = std::exchange(other.size_, 0);
  room_ = std::exchange(other.room_, 0);
  first_at_ = other.first_at_;
  last_at_ = other.last_at_;
  step_ = other.step_;
  closed_at_ = other.closed_at_;
  value_ = other.value_;
  count_ = std::exchange(other.count_, std::uint16_t{0});
  quality_ = other.quality_;
  has_closed_ = other.has_closed_;
  return *this;
}

// Starts tiny and grows by a half: half a million points must fit in memory.
void HistoryHead::make_room(std::size_t bytes) {
  if (size_ + bytes <= room_) return;
  const std::size_t room = std::max(size_ + bytes, std::size_t{room_} + room_ / 2) + 7;
  room_ = static_cast<std::uint32_t>(room / 8 * 8);
  auto* grown = static_cast<char*>(std::realloc(bytes_, room_));
  CHECK(grown != nullptr);
  bytes_ = grown;
}

void HistoryHead::forget_samples() {
  std::free(std::exchange(bytes_, nullptr));
  size_ = room_ = 0;
  count_ = 0;
}

void HistoryHead::close_until(Time at) {
  forget_samples();
  closed_at_ = to_ms(at);
  has_closed_ = true;
}

void HistoryHead::add(const Sample& sample) {
  const std::int64_t at = to_ms(sample.at);
  char token[kSampleMost];
  char* end = token;
  if (count_ == 0) {
    first_at_ = last_at_ = at;
    step_ = 0;
  }
  const std::int64_t step = wrapped_difference(at, last_at_);
  const std::uint64_t change = zigzag(wrapped_difference(step, step_));
  const bool far = (change >> 61) != 0;
  const bool whole = far || count_ == 0 || sample.quality != quality_ || sample.value.scale != value_.scale;
  const Kind kind = far ? kFar : whole ? kWhole : sample.value.mantissa == value_.mantissa ? kSame : kMoved;
  end = put_varint(end, far ? std::uint64_t{kFar} : (change << 2) | kind);
  if (far) end = put_varint(end, change);
  if (whole) {
    *end++ = static_cast<char>(sample.value.scale);
    *end++ = static_cast<char>(sample.quality);
    end = put_varint(end, zigzag(sample.value.mantissa));
  } else if (kind == kMoved) {
    end = put_varint(end, zigzag(wrapped_difference(sample.value.mantissa, value_.mantissa)));
  }
  const auto bytes = static_cast<std::size_t>(end - token);
  make_room(bytes);
  std::memcpy(bytes_ + size_, token, bytes);
  size_ += static_cast<std::uint32_t>(bytes);
  last_at_ = at;
  step_ = step;
  value_ = sample.value;
  quality_ = sample.quality;
  ++count_;
  dirty = true;
}

void HistoryHead::put(const Sample& sample) {
  if (count_ == 0 || to_ms(sample.at) > last_at_) return add(sample);
  std::vector<Sample> samples;
  read(samples);
  const auto place = std::ranges::lower_bound(samples, sample.at, {}, &Sample::at);
  if (place != samples.end() && place->at == sample.at) *place = sample;
  else samples.insert(place, sample);
  size_ = 0;
  count_ = 0;
  for (const Sample& each : samples) add(each);
}

void HistoryHead::read(std::vector<Sample>& out) const {
  VarintReader in({bytes_, size_});
  std::int64_t at = first_at_, step = 0, mantissa = 0;
  std::int32_t scale = 0;
  Quality quality = Quality::good;
  out.reserve(out.size() + count_);
  for (std::size_t i = 0; i < count_; ++i) {
    const std::uint64_t token = in.next();
    const auto kind = static_cast<Kind>(token & 3);
    step = wrapped_sum(step, unzigzag(kind == kFar ? in.next() : token >> 2));
    at = wrapped_sum(at, step);
    if (kind == kMoved) mantissa = wrapped_sum(mantissa, in.folded());
    if (kind >= kWhole) {
      scale = static_cast<std::int8_t>(in.byte());
      quality = static_cast<Quality>(in.byte());
      mantissa = in.folded();
    }
    out.push_back({from_ms(at), {mantissa, scale}, quality});
  }
}

std::string HistoryHead::save(std::uint64_t covered_turn) const {
  const Stored stored{covered_turn, first_at_, last_at_, step_, closed_at_, value_.mantissa, value_.scale, count_,
                      static_cast<std::uint8_t>(quality_), static_cast<std::uint8_t>(has_closed_)};
  std::string out;
  out.reserve(sizeof stored + size_ + 4);
  out.append(reinterpret_cast<const char*>(&stored), sizeof stored);
  out.append(bytes_ == nullptr ? "" : bytes_, size_);
  const std::uint32_t crc = crc32c(out);
  out.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return out;
}

Result<HistoryHead> HistoryHead::load(PointId point, std::string_view saved) {
  const auto damaged = [&] { return fail(errors::kCorrupt, "the stored head of point " + std::to_string(point) + " is damaged"); };
  Stored stored;
  if (saved.size() < sizeof stored + 4) return damaged();
  std::uint32_t crc = 0;
  std::memcpy(&crc, saved.data() + saved.size() - 4, 4);
  saved.remove_suffix(4);
  if (crc32c(saved) != crc) return damaged();
  std::memcpy(&stored, saved.data(), sizeof stored);
  saved.remove_prefix(sizeof stored);
  HistoryHead head(point);
  head.covered = stored.covered;
  head.first_at_ = stored.first_at;
  head.last_at_ = stored.last_at;
  head.step_ = stored.step;
  head.closed_at_ = stored.closed_at;
  head.value_ = {stored.mantissa, stored.scale};
  head.quality_ = static_cast<Quality>(stored.quality);
  head.has_closed_ = stored.has_closed != 0;
  head.count_ = stored.count;
  head.make_room(saved.size());
  if (!saved.empty()) std::memcpy(head.bytes_, saved.data(), saved.size());
  head.size_ = static_cast<std::uint32_t>(saved.size());
  return head;
}

}  // namespace cityloop
