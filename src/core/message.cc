// SPDX-License-Identifier: Apache-2.0
#include "core/message.h"

#include <type_traits>

#include "core/codec.h"
#include "core/context.h"

namespace cityloop {
namespace {

// The arrays go out as they lie in memory: that is the format only while they have no padding and the machine is
// little-endian, which both hold for every machine we run on.
static_assert(std::has_unique_object_representations_v<ReadingBatch::Message>);
static_assert(std::has_unique_object_representations_v<ReadingBatch::Sample>);
static_assert(sizeof(ReadingBatch::Message) == 40 && sizeof(ReadingBatch::Sample) == 24);

template <class T>
void encode_flat(Writer& out, const std::vector<T>& items) {
  codec::encode_size(out, items.size());
  out.raw(items.data(), items.size() * sizeof(T));
}

template <class T>
void decode_flat(Reader& in, std::vector<T>& items) {
  items.clear();
  std::uint32_t size = 0;
  in.raw(&size, sizeof size);
  if (std::uint64_t{size} * sizeof(T) > in.left()) return in.spoil();
  items.resize(size);
  in.raw(items.data(), items.size() * sizeof(T));
}

bool lies_in(std::uint32_t first, std::uint32_t count, std::size_t size) { return std::uint64_t{first} + count <= size; }

bool is_sound(const ReadingBatch& batch) {
  const std::size_t text = batch.text.size();
  for (const auto& m : batch.messages) {
    if (!lies_in(m.asset, m.asset_size, text) || !lies_in(m.raw, m.raw_size, text) ||
        !lies_in(m.first, m.count, batch.samples.size())) {
      return false;
    }
  }
  for (const auto& s : batch.samples) {
    if (!lies_in(s.point, s.point_size, text)) return false;
  }
  for (std::size_t i = 0; i < batch.known.size(); ++i) {
    if (batch.known[i].sample >= batch.samples.size()) return false;
    if (i > 0 && batch.known[i].sample <= batch.known[i - 1].sample) return false;
  }
  return true;
}

}  // namespace

void ReadingBatch::encode(Writer& out) const {
  cityloop::encode(out, text);
  encode_flat(out, messages);
  encode_flat(out, samples);
  cityloop::encode(out, flaws);
  cityloop::encode(out, known);
  cityloop::encode(out, known_turn);
  cityloop::encode(out, single);
}

void ReadingBatch::decode(Reader& in) {
  cityloop::decode(in, text);
  decode_flat(in, messages);
  decode_flat(in, samples);
  cityloop::decode(in, flaws);
  cityloop::decode(in, known);
  cityloop::decode(in, known_turn);
  cityloop::decode(in, single);
  if (in.ok() && is_sound(*this)) return;
  in.spoil();
  *this = ReadingBatch{};
}

std::string Chance::id(std::string_view prefix) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out(prefix);
  if (!out.empty() && out.back() != '-') out += '-';
  const std::uint64_t bits = next();
  for (int shift = 60; shift >= 0; shift -= 4) out += kHex[(bits >> shift) & 15];
  return out;
}

}  // namespace cityloop
