// SPDX-License-Identifier: Apache-2.0
// The binary form of everything that is kept as state: Log inputs and checkpoints. Little-endian, no names, no padding.
// Any aggregate of at most 32 members encodes by itself, member by member; a change of layout is a change of kStepVersion
// (city/version.h). Decoding outside bytes never crashes: Reader::ok turns false and the rest reads as zero.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace cityloop {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void raw(const void* bytes, std::size_t size) { out_.append(static_cast<const char*>(bytes), size); }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  bool done() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }
  void spoil() { ok_ = false; }
  void raw(void* bytes, std::size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      std::memset(bytes, 0, size);
      return;
    }
    if (size != 0) std::memcpy(bytes, rest_.data(), size);
    rest_.remove_prefix(size);
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

namespace codec {

struct AnyField {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor): only ever named in unevaluated contexts
};

template <class T, class... Args>
concept Braceable = requires { T{std::declval<Args>()...}; };

template <class T, std::size_t... I>
constexpr bool braces(std::index_sequence<I...>) {
  return Braceable<T, decltype((void)I, AnyField{})...>;
}

template <class T, std::size_t N = 32>
constexpr std::size_t field_count() {
  if constexpr (N == 0) {
    return 0;
  } else if constexpr (braces<T>(std::make_index_sequence<N>{})) {
    return N;
  } else {
    return field_count<T, N - 1>();
  }
}

// Calls visit(member)... for the members of an aggregate, in order of declaration.
template <class T, class Visit>
void each_field(T& object, Visit&& visit) {
  constexpr std::size_t n = field_count<std::remove_const_t<T>>();
  static_assert(n <= 32, "split the aggregate");
  if constexpr (n == 0) {
    (void)object;
    (void)visit;
  } else if constexpr (n == 1) {
    auto& [f0] = object;
    (visit(f0));
  } else if constexpr (n == 2) {
    auto& [f0, f1] = object;
    (visit(f0), visit(f1));
  } else if constexpr (n == 3) {
    auto& [f0, f1, f2] = object;
    (visit(f0), visit(f1), visit(f2));
  } else if constexpr (n == 4) {
    auto& [f0, f1, f2, f3] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3));
  } else if constexpr (n == 5) {
    auto& [f0, f1, f2, f3, f4] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4));
  } else if constexpr (n == 6) {
    auto& [f0, f1, f2, f3, f4, f5] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5));
  } else if constexpr (n == 7) {
    auto& [f0, f1, f2, f3, f4, f5, f6] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6));
  } else if constexpr (n == 8) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7));
  } else if constexpr (n == 9) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8));
  } else if constexpr (n == 10) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9));
  } else if constexpr (n == 11) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10));
  } else if constexpr (n == 12) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11));
  } else if constexpr (n == 13) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12));
  } else if constexpr (n == 14) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13));
  } else if constexpr (n == 15) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14));
  } else if constexpr (n == 16) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15));
  } else if constexpr (n == 17) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16));
  } else if constexpr (n == 18) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17));
  } else if constexpr (n == 19) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18));
  } else if constexpr (n == 20) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19));
  } else if constexpr (n == 21) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20));
  } else if constexpr (n == 22) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21));
  } else if constexpr (n == 23) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21), visit(f22));
  } else if constexpr (n == 24) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21), visit(f22), visit(f23));
  } else if constexpr (n == 25) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21), visit(f22), visit(f23), visit(f24));
  } else if constexpr (n == 26) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21), visit(f22), visit(f23), visit(f24), visit(f25));
  } else if constexpr (n == 27) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21), visit(f22), visit(f23), visit(f24), visit(f25), visit(f26));
  } else if constexpr (n == 28) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21), visit(f22), visit(f23), visit(f24), visit(f25), visit(f26), visit(f27));
  } else if constexpr (n == 29) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21), visit(f22), visit(f23), visit(f24), visit(f25), visit(f26), visit(f27), visit(f28));
  } else if constexpr (n == 30) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21), visit(f22), visit(f23), visit(f24), visit(f25), visit(f26), visit(f27), visit(f28), visit(f29));
  } else if constexpr (n == 31) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21), visit(f22), visit(f23), visit(f24), visit(f25), visit(f26), visit(f27), visit(f28), visit(f29), visit(f30));
  } else if constexpr (n == 32) {
    auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31] = object;
    (visit(f0), visit(f1), visit(f2), visit(f3), visit(f4), visit(f5), visit(f6), visit(f7), visit(f8), visit(f9), visit(f10), visit(f11), visit(f12), visit(f13), visit(f14), visit(f15), visit(f16), visit(f17), visit(f18), visit(f19), visit(f20), visit(f21), visit(f22), visit(f23), visit(f24), visit(f25), visit(f26), visit(f27), visit(f28), visit(f29), visit(f30), visit(f31));
  }
}

template <class T>
concept Flat = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <class T>
inline constexpr bool is_duration = false;
template <class R, class P>
inline constexpr bool is_duration<std::chrono::duration<R, P>> = true;
template <class T>
inline constexpr bool is_time_point = false;
template <class C, class D>
inline constexpr bool is_time_point<std::chrono::time_point<C, D>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_vector<std::deque<T>> = true;
template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;
template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;
template <class T>
concept Keyed = requires { typename T::key_type; };
template <class T>
concept Mapped = Keyed<T> && requires { typename T::mapped_type; };

}  // namespace codec

// A class with hidden state opts in with `void encode(Writer&) const` and `void decode(Reader&)`.
template <class T>
void encode(Writer& out, const T& value);
template <class T>
void decode(Reader& in, T& value);

namespace codec {

inline void encode_size(Writer& out, std::size_t size) {
  const auto small = static_cast<std::uint32_t>(size);
  out.raw(&small, sizeof small);
}

// A length is believed only as far as bytes are left, so that a forged one cannot allocate.
inline std::size_t decode_size(Reader& in) {
  std::uint32_t size = 0;
  in.raw(&size, sizeof size);
  if (size > in.left() && size > 0) {
    in.spoil();
    return 0;
  }
  return size;
}

template <std::size_t I = 0, class V>
void decode_alternative(Reader& in, V& value, std::size_t index) {
  if constexpr (I < std::variant_size_v<V>) {
    if (index == I) {
      cityloop::decode(in, value.template emplace<I>());
    } else {
      decode_alternative<I + 1>(in, value, index);
    }
  } else {
    in.spoil();
  }
}

}  // namespace codec

template <class T>
void encode(Writer& out, const T& value) {
  if constexpr (requires { value.encode(out); }) {
    value.encode(out);
  } else if constexpr (codec::Flat<T>) {
    out.raw(&value, sizeof value);
  } else if constexpr (codec::is_duration<T>) {
    encode(out, static_cast<std::int64_t>(value.count()));
  } else if constexpr (codec::is_time_point<T>) {
    encode(out, static_cast<std::int64_t>(value.time_since_epoch().count()));
  } else if constexpr (std::is_same_v<T, std::string>) {
    codec::encode_size(out, value.size());
    out.raw(value.data(), value.size());
  } else if constexpr (codec::is_vector<T>) {
    codec::encode_size(out, value.size());
    if constexpr (codec::Flat<typename T::value_type> && requires { value.data(); }) {
      out.raw(value.data(), value.size() * sizeof(typename T::value_type));
    } else {
      for (const auto& item : value) encode(out, item);
    }
  } else if constexpr (codec::is_array<T>) {
    for (const auto& item : value) encode(out, item);
  } else if constexpr (codec::is_optional<T>) {
    encode(out, value.has_value());
    if (value) encode(out, *value);
  } else if constexpr (codec::is_variant<T>) {
    encode(out, static_cast<std::uint8_t>(value.index()));
    std::visit([&](const auto& alternative) { encode(out, alternative); }, value);
  } else if constexpr (codec::is_pair<T>) {
    encode(out, value.first);
    encode(out, value.second);
  } else if constexpr (codec::Keyed<T>) {
    codec::encode_size(out, value.size());
    for (const auto& item : value) encode(out, item);
  } else {
    static_assert(std::is_aggregate_v<T>, "give the class encode() and decode() members");
    codec::each_field(value, [&](const auto& field) { encode(out, field); });
  }
}

template <class T>
void decode(Reader& in, T& value) {
  if constexpr (requires { value.decode(in); }) {
    value.decode(in);
  } else if constexpr (std::is_same_v<T, bool>) {
    std::uint8_t byte = 0;
    in.raw(&byte, 1);
    value = byte != 0;
  } else if constexpr (codec::Flat<T>) {
    in.raw(&value, sizeof value);
  } else if constexpr (codec::is_duration<T>) {
    std::int64_t count = 0;
    decode(in, count);
    value = T{count};
  } else if constexpr (codec::is_time_point<T>) {
    std::int64_t count = 0;
    decode(in, count);
    value = T{typename T::duration{count}};
  } else if constexpr (std::is_same_v<T, std::string>) {
    value.resize(codec::decode_size(in));
    in.raw(value.data(), value.size());
  } else if constexpr (codec::is_vector<T>) {
    value.clear();
    const std::size_t size = codec::decode_size(in);
    if constexpr (codec::Flat<typename T::value_type> && requires { value.data(); }) {
      if (size * sizeof(typename T::value_type) > in.left()) return in.spoil();
      value.resize(size);
      in.raw(value.data(), size * sizeof(typename T::value_type));
    } else {
      for (std::size_t i = 0; i < size && in.ok(); ++i) decode(in, value.emplace_back());
    }
  } else if constexpr (codec::is_array<T>) {
    for (auto& item : value) decode(in, item);
  } else if constexpr (codec::is_optional<T>) {
    bool present = false;
    decode(in, present);
    value.reset();
    if (present) decode(in, value.emplace());
  } else if constexpr (codec::is_variant<T>) {
    std::uint8_t index = 0;
    decode(in, index);
    codec::decode_alternative(in, value, index);
  } else if constexpr (codec::Mapped<T>) {
    value.clear();
    const std::size_t size = codec::decode_size(in);
    for (std::size_t i = 0; i < size && in.ok(); ++i) {
      std::remove_const_t<typename T::key_type> key{};
      decode(in, key);
      decode(in, value[std::move(key)]);
    }
  } else if constexpr (codec::Keyed<T>) {
    value.clear();
    const std::size_t size = codec::decode_size(in);
    for (std::size_t i = 0; i < size && in.ok(); ++i) {
      typename T::key_type key{};
      decode(in, key);
      value.insert(std::move(key));
    }
  } else if constexpr (codec::is_pair<T>) {
    decode(in, value.first);
    decode(in, value.second);
  } else {
    static_assert(std::is_aggregate_v<T>, "give the class encode() and decode() members");
    codec::each_field(value, [&](auto& field) { decode(in, field); });
  }
}

template <class T>
std::string encoded(const T& value) {
  std::string bytes;
  Writer out(bytes);
  encode(out, value);
  return bytes;
}

}  // namespace cityloop
