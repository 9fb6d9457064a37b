// SPDX-License-Identifier: Apache-2.0
#include "edge/block.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "edge/crc32c.h"
#include "edge/varint.h"

namespace cityloop {
namespace {

// Layout: version | flags | count | first time | span | summary | times | values | qualities | crc32c
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kOwnScales = 1;      // flag: every value brings its scale
constexpr std::uint8_t kAllGood = 2;        // flag: no quality but good
constexpr unsigned kTimesShift = 2;         // two bits
constexpr unsigned kValuesShift = 4;        // two bits
enum class Times : std::uint8_t { period, second_differences, above_shortest, beside_line };
enum class Values : std::uint8_t { same, differences, above_least };

constexpr std::int64_t kMantissaMost = std::int64_t{1} << 50;  // kBlockSamplesMost differences of them add up in 64 bits

constexpr std::array<std::int64_t, 19> kTens = [] {
  std::array<std::int64_t, 19> tens{1};
  for (std::size_t i = 1; i < tens.size(); ++i) tens[i] = tens[i - 1] * 10;
  return tens;
}();

Error damaged(std::string_view why) { return fail(errors::kCorrupt, "a block of history is damaged: " + std::string(why)); }

Decimal normalised(std::int64_t mantissa, std::int32_t scale) {
  if (mantissa == 0) return {0, 0};
  while (mantissa % 10 == 0) {
    mantissa /= 10;
    --scale;
  }
  return {mantissa, scale};
}

unsigned bytes_of(std::uint64_t value) { return (static_cast<unsigned>(std::bit_width(value | 1)) + 6) / 7; }

struct Columns {
  std::vector<std::int64_t> times, mantissas;  // mantissas at `scale`, unless own scales
  std::int32_t scale = 0;
  bool own_scales = false;
};

bool common_scale(std::span<const Sample> samples, Columns& columns) {
  columns.scale = INT32_MIN;
  for (const Sample& sample : samples) {
    if (sample.value.mantissa != 0) columns.scale = std::max(columns.scale, sample.value.scale);
  }
  if (columns.scale == INT32_MIN) columns.scale = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Decimal& value = samples[i].value;
    const std::int64_t up = value.mantissa == 0 ? 0 : columns.scale - value.scale;
    if (up > 18 || columns.scale < -100 || columns.scale > 100) return false;
    const std::int64_t ten = kTens[static_cast<std::size_t>(up)];
    if (value.mantissa > kMantissaMost / ten || value.mantissa < -kMantissaMost / ten) return false;
    columns.mantissas[i] = value.mantissa * ten;
  }
  return true;
}

// The cheapest way to write the times, and the numbers to write for it.
Times choose_times(const std::vector<std::int64_t>& times, std::vector<std::uint64_t>& numbers) {
  const std::size_t n = times.size();
  numbers.clear();
  if (n < 3) return Times::period;
  std::array<std::vector<std::uint64_t>, 4> forms;
  for (auto& form : forms) form.reserve(n);
  std::int64_t shortest = INT64_MAX;
  for (std::size_t i = 1; i < n; ++i) shortest = std::min(shortest, wrapped_difference(times[i], times[i - 1]));
  const std::uint64_t span = static_cast<std::uint64_t>(wrapped_difference(times.back(), times.front()));
  const std::uint64_t period = span / (n - 1);
  bool even = span % (n - 1) == 0;
  std::array<std::size_t, 4> cost{};
  const auto add = [&](Times form, std::uint64_t number) {
    forms[static_cast<std::size_t>(form)].push_back(number);
    cost[static_cast<std::size_t>(form)] += bytes_of(number);
  };
  add(Times::above_shortest, static_cast<std::uint64_t>(shortest));
  std::int64_t before = 0;
  for (std::size_t i = 1; i < n; ++i) {
    const std::int64_t step = wrapped_difference(times[i], times[i - 1]);
    even = even && static_cast<std::uint64_t>(step) == period;
    add(Times::second_differences, zigzag(wrapped_difference(step, before)));
    add(Times::above_shortest, static_cast<std::uint64_t>(wrapped_difference(step, shortest)));
    if (i + 1 < n) {
      const auto line = static_cast<std::int64_t>(static_cast<std::uint64_t>(times[0]) + period * i);
      add(Times::beside_line, zigzag(wrapped_difference(times[i], line)));
    }
    before = step;
  }
  if (even) return Times::period;
  Times best = Times::second_differences;
  for (const Times form : {Times::above_shortest, Times::beside_line}) {
    if (cost[static_cast<std::size_t>(form)] < cost[static_cast<std::size_t>(best)]) best = form;
  }
  numbers = std::move(forms[static_cast<std::size_t>(best)]);
  return best;
}

Values choose_values(const Columns& columns, std::int64_t least, std::vector<std::uint64_t>& numbers) {
  const std::vector<std::int64_t>& all = columns.mantissas;
  numbers.clear();
  if (!columns.own_scales && std::ranges::all_of(all, [&](std::int64_t m) { return m == all[0]; })) return Values::same;
  std::size_t by_difference = 0, above_least = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    by_difference += bytes_of(zigzag(wrapped_difference(all[i], all[i - 1])));
    above_least += bytes_of(static_cast<std::uint64_t>(wrapped_difference(all[i], least)));
  }
  const bool differences = columns.own_scales || by_difference <= above_least;
  for (std::size_t i = 1; i < all.size(); ++i) {
    numbers.push_back(differences ? zigzag(wrapped_difference(all[i], all[i - 1])) : static_cast<std::uint64_t>(wrapped_difference(all[i], least)));
  }
  return differences ? Values::differences : Values::above_least;
}

void append_double(std::string& out, double value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); }

double read_double(VarintReader& in) {
  char bytes[sizeof(double)];
  for (char& byte : bytes) byte = static_cast<char>(in.byte());
  double value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

struct Extent {
  std::int64_t least = 0, most = 0, above_first = 0;  // above_first: sum of mantissa - first
};

Extent extent_of(const std::vector<std::int64_t>& mantissas) {
  Extent extent{mantissas[0], mantissas[0], 0};
  for (const std::int64_t mantissa : mantissas) {
    extent.least = std::min(extent.least, mantissa);
    extent.most = std::max(extent.most, mantissa);
    extent.above_first = wrapped_sum(extent.above_first, wrapped_difference(mantissa, mantissas[0]));
  }
  return extent;
}

void append_summary(std::string& out, const Columns& columns, const Extent& extent, std::span<const Sample> samples) {
  if (!columns.own_scales) {
    const std::int64_t first = columns.mantissas.front();
    out += static_cast<char>(columns.scale);
    append_varint(out, zigzag(first));
    append_varint(out, static_cast<std::uint64_t>(first - extent.least));
    append_varint(out, static_cast<std::uint64_t>(extent.most - first));
    append_varint(out, zigzag(columns.mantissas.back() - first));
    append_varint(out, zigzag(extent.above_first));
    return;
  }
  double least = samples[0].value.number(), most = least, sum = 0;
  for (const Sample& sample : samples) {
    const double value = sample.value.number();
    least = std::min(least, value);
    most = std::max(most, value);
    sum += value;
  }
  for (const double value : {least, most, sum, samples.front().value.number(), samples.back().value.number()}) append_double(out, value);
}

void append_qualities(std::string& out, std::span<const Sample> samples) {
  for (std::size_t i = 0; i < samples.size();) {
    std::size_t end = i + 1;
    while (end < samples.size() && samples[end].quality == samples[i].quality) ++end;
    out += static_cast<char>(samples[i].quality);
    append_varint(out, end - i);
    i = end;
  }
}

struct Front {  // what stands before the columns
  std::uint8_t flags = 0;
  std::size_t count = 0;
  std::int64_t first_at = 0, last_at = 0;
  std::int32_t scale = 0;
  std::int64_t first = 0, least = 0, most = 0, last = 0, above_first = 0;
  double numbers[5]{};  // with own scales: least, most, sum, first, last
  bool own_scales() const { return (flags & kOwnScales) != 0; }
};

Result<Front> read_front(std::string_view& block, VarintReader& in) {
  if (block.size() < 8) return damaged("too short");
  std::uint32_t crc = 0;
  std::memcpy(&crc, block.data() + block.size() - 4, 4);
  block.remove_suffix(4);
  if (crc32c(block) != crc) return damaged("wrong checksum");
  in = VarintReader(block);
  if (in.byte() != kVersion) return damaged("unknown version");
  Front front;
  front.flags = in.byte();
  front.count = in.next();
  front.first_at = in.folded();
  front.last_at = wrapped_sum(front.first_at, static_cast<std::int64_t>(in.next()));
  if (front.own_scales()) {
    for (double& number : front.numbers) number = read_double(in);
  } else {
    front.scale = static_cast<std::int8_t>(in.byte());
    front.first = in.folded();
    front.least = wrapped_difference(front.first, static_cast<std::int64_t>(in.next()));
    front.most = wrapped_sum(front.first, static_cast<std::int64_t>(in.next()));
    front.last = wrapped_sum(front.first, in.folded());
    front.above_first = in.folded();
  }
  if (!in.ok() || front.count == 0 || front.count > kBlockSamplesMost) return damaged("bad head");
  return front;
}

void read_times(VarintReader& in, const Front& front, std::vector<Sample>& out, std::size_t base) {
  const auto form = static_cast<Times>((front.flags >> kTimesShift) & 3);
  const std::size_t n = front.count;
  const std::uint64_t period = n < 2 ? 0 : static_cast<std::uint64_t>(wrapped_difference(front.last_at, front.first_at)) / (n - 1);
  const auto on_line = [&](std::size_t i) { return static_cast<std::int64_t>(static_cast<std::uint64_t>(front.first_at) + period * i); };
  const std::int64_t shortest = form == Times::above_shortest ? static_cast<std::int64_t>(in.next()) : 0;
  std::int64_t at = front.first_at, step = 0;
  out[base].at = from_ms(at);
  for (std::size_t i = 1; i < n; ++i) {
    switch (form) {
      case Times::period: at = i + 1 == n ? front.last_at : on_line(i); break;
      case Times::second_differences:
        step = wrapped_sum(step, in.folded());
        at = wrapped_sum(at, step);
        break;
      case Times::above_shortest: at = wrapped_sum(at, wrapped_sum(shortest, static_cast<std::int64_t>(in.next()))); break;
      case Times::beside_line: at = i + 1 == n ? front.last_at : wrapped_sum(on_line(i), in.folded()); break;
    }
    out[base + i].at = from_ms(at);
  }
}

void read_values(VarintReader& in, const Front& front, std::vector<Sample>& out, std::size_t base) {
  std::int64_t mantissa = front.first;
  if (front.own_scales()) {
    mantissa = 0;
    for (std::size_t i = 0; i < front.count; ++i) {
      const auto scale = static_cast<std::int8_t>(in.byte());
      mantissa = wrapped_sum(mantissa, in.folded());
      out[base + i].value = {mantissa, scale};
    }
    return;
  }
  const auto form = static_cast<Values>((front.flags >> kValuesShift) & 3);
  Decimal value = normalised(mantissa, front.scale);
  out[base].value = value;
  for (std::size_t i = 1; i < front.count; ++i) {
    std::int64_t next = mantissa;
    if (form == Values::differences) next = wrapped_sum(mantissa, in.folded());
    if (form == Values::above_least) next = wrapped_sum(front.least, static_cast<std::int64_t>(in.next()));
    if (next != mantissa) value = normalised(mantissa = next, front.scale);
    out[base + i].value = value;
  }
}

bool read_qualities(VarintReader& in, const Front& front, std::vector<Sample>& out, std::size_t base) {
  if ((front.flags & kAllGood) != 0) return true;  // as made
  for (std::size_t i = 0; i < front.count;) {
    const std::uint8_t quality = in.byte();
    const std::uint64_t run = in.next();
    if (run == 0 || run > front.count - i || quality > static_cast<std::uint8_t>(Quality::derived)) return false;
    for (std::uint64_t k = 0; k < run; ++k) out[base + i++].quality = static_cast<Quality>(quality);
  }
  return true;
}

}  // namespace

std::string encode_block(std::span<const Sample> samples) {
  CHECK(!samples.empty() && samples.size() <= kBlockSamplesMost);
  Columns columns;
  columns.times.resize(samples.size());
  columns.mantissas.resize(samples.size());
  columns.own_scales = !common_scale(samples, columns);
  bool all_good = true;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    columns.times[i] = to_ms(samples[i].at);
    if (columns.own_scales) columns.mantissas[i] = samples[i].value.mantissa;
    all_good = all_good && samples[i].quality == Quality::good;
  }
  const Extent extent = extent_of(columns.mantissas);
  std::vector<std::uint64_t> times, values;
  const Times time_form = choose_times(columns.times, times);
  const Values value_form = choose_values(columns, extent.least, values);

  std::string out;
  out.reserve(64 + times.size() * 2 + values.size() * 2);
  out += static_cast<char>(kVersion);
  out += static_cast<char>((columns.own_scales ? kOwnScales : 0) | (all_good ? kAllGood : 0) |
                           (static_cast<unsigned>(time_form) << kTimesShift) | (static_cast<unsigned>(value_form) << kValuesShift));
  append_varint(out, samples.size());
  append_varint(out, zigzag(columns.times.front()));
  append_varint(out, static_cast<std::uint64_t>(wrapped_difference(columns.times.back(), columns.times.front())));
  append_summary(out, columns, extent, samples);
  for (const std::uint64_t number : times) append_varint(out, number);
  if (columns.own_scales) {
    std::int64_t before = 0;
    for (const Sample& sample : samples) {
      out += static_cast<char>(sample.value.scale);
      append_varint(out, zigzag(wrapped_difference(sample.value.mantissa, before)));
      before = sample.value.mantissa;
    }
  } else {
    for (const std::uint64_t number : values) append_varint(out, number);
  }
  if (!all_good) append_qualities(out, samples);
  const std::uint32_t crc = crc32c(out);
  out.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return out;
}

Result<BlockSummary> block_summary(std::string_view block) {
  VarintReader in({});
  const Front front = TRY(read_front(block, in));
  BlockSummary summary{from_ms(front.first_at), from_ms(front.last_at), {}};
  Bucket& values = summary.values;
  values.count = front.count;
  if (front.own_scales()) {
    values.least = front.numbers[0];
    values.most = front.numbers[1];
    values.sum = front.numbers[2];
    values.first = front.numbers[3];
    values.last = front.numbers[4];
    return summary;
  }
  const auto number = [&](std::int64_t mantissa) { return normalised(mantissa, front.scale).number(); };
  values.least = number(front.least);
  values.most = number(front.most);
  values.first = number(front.first);
  values.last = number(front.last);
  const double ten = static_cast<double>(kTens[static_cast<std::size_t>(std::min(18, std::abs(front.scale)))]);
  const double mantissas = static_cast<double>(front.above_first) + static_cast<double>(front.first) * static_cast<double>(front.count);
  values.sum = front.scale >= 0 ? mantissas / ten : mantissas * ten;
  return summary;
}

Result<void> decode_block(std::string_view block, std::vector<Sample>& out) {
  VarintReader in({});
  const Front front = TRY(read_front(block, in));
  const std::size_t base = out.size();
  out.resize(base + front.count);
  read_times(in, front, out, base);
  read_values(in, front, out, base);
  const bool whole = read_qualities(in, front, out, base) && in.ok() && in.done();
  if (whole) return {};
  out.resize(base);
  return damaged("it does not end where it should");
}

}  // namespace cityloop
