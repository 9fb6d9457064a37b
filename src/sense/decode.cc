// SPDX-License-Identifier: Apache-2.0
#include "sense/decode.h"

#include <array>
#include <cstring>

#include "core/json.h"
#include "core/limits.h"
#include "sense/body.h"
#include "sense/json_walk.h"
#include "sense/number.h"

namespace cityloop {
namespace {

constexpr std::size_t kValues = 256;            // points a kind can have: an Observation's point is one byte
constexpr std::size_t kNames = 16;              // point names remembered, so that each stands in the text once

enum class Flawed : std::uint32_t { no, not_finite, wrong_type };

struct Complaint {  // the first thing wrong with a message whose JSON is sound
  const Code* code = nullptr;
  std::string detail;
  void say(const Code& what, std::string why) {
    if (code != nullptr) return;
    code = &what;
    detail = std::move(why);
  }
};

class ReadingDecoder {
 public:
  ReadingDecoder(std::string_view body, std::string_view asset) : body_(body), asset_(asset) {
    batch_.text.reserve(body.size() / 3 + 64);
    forget();
  }

  // The body as one JSON text. False: it is not one, and nothing of it is kept.
  bool whole() {
    const std::string_view text = trimmed(body_.text());
    od::parser own;
    const bool done = document(text.size() > kWarmBytes ? own : warm_parser(), text);
    if (!done) forget();
    return done;
  }

  // The body as one JSON text a line. False: too many.
  bool lines() {
    std::string_view rest = body_.text(), line;
    while (next_line(rest, line)) {
      if (count_ == limits::kBatchMessages) return false;
      if (!one_line(line)) spoil_line(line);
      ++count_;
    }
    return true;
  }

  // Whether the line is one whole object by itself, of whatever content.
  bool is_whole_line(std::string_view line) {
    const bool sound = line.starts_with('{') && one_line(line);
    forget();
    walk_.deep = false;
    return sound;
  }

  std::string_view text() const { return body_.text(); }

  void spoil_line(std::string_view line) {
    const Error why = walk_.deep ? deep() : why_broken(line);
    walk_.deep = false;
    batch_.flaws.push_back({count_, std::string(why.code->name), why.detail, cut_raw(line)});
  }

  Error why() const {
    if (many_) return too_many_messages();
    if (walk_.deep) return deep();
    if (other_) return fail(errors::kWrongType, "the body must be an object, an array of objects, or NDJSON");
    return why_broken(trimmed(body_.text()));
  }
  bool many() const { return many_; }

  ReadingBatch take() { return std::move(batch_); }

 private:
  static Error deep() {
    return fail(errors::kTooDeep, "the JSON has more than " + std::to_string(limits::kJsonDepth) + " levels");
  }

  void forget() {
    batch_.messages.clear();
    batch_.samples.clear();
    batch_.flaws.clear();
    batch_.text = asset_;  // what the topic names stands first
    names_known_ = 0;
    count_ = 0;
    last_at_ = {};
  }

  bool document(od::parser& parser, std::string_view text) {
    od::document doc;
    if (parser.iterate(body_.view(text)).get(doc)) return false;
    if (text.front() == '{') {
      od::object object;
      if (doc.get_object().get(object) || !message(object, text, doc, 1)) return false;
      batch_.single = true;
    } else if (text.front() == '[') {
      od::array array;
      if (doc.get_array().get(array) || !elements(array, doc)) return false;
    } else {
      other_ = true;
      return false;
    }
    return is_at_end(doc);
  }

  bool elements(od::array& array, od::document& doc) {
    for (auto next : array) {
      od::value element;
      std::string_view token;
      if (std::move(next).get(element) || !token_of(element, token)) return false;
      if (count_ == limits::kBatchMessages) {
        many_ = true;
        return false;
      }
      if (token.front() == '{') {
        od::object object;
        if (element.get_object().get(object) || !message(object, {token.data(), 0}, doc, 2)) return false;
      } else {
        if (!walk_.is_sound(element, token, 2)) return false;
        flaw({&errors::kWrongType, "a message must be an object"}, token.front() == '[' ? token.substr(0, 0) : token, doc);
      }
      ++count_;
    }
    return true;
  }

  bool one_line(std::string_view line) {
    od::document doc;
    const std::size_t samples = batch_.samples.size(), messages = batch_.messages.size(), flaws = batch_.flaws.size();
    if (warm_parser().iterate(body_.view(line)).get(doc)) return false;
    bool sound = false;
    if (line.front() == '{') {
      od::object object;
      sound = !doc.get_object().get(object) && message(object, line, doc, 1) && is_at_end(doc);
    } else if (parse_other(line, doc)) {
      batch_.flaws.push_back({count_, std::string(errors::kWrongType.name), "a line must be an object", cut_raw(line)});
      sound = true;
    }
    if (sound) return true;
    batch_.samples.resize(samples);
    batch_.messages.resize(messages);
    batch_.flaws.resize(flaws);
    return false;
  }

  bool parse_other(std::string_view line, od::document& doc) {
    if (line.front() != '[') return parse_json(line).has_value();
    od::array array;
    if (doc.get_array().get(array)) return false;
    for (auto next : array) {
      od::value element;
      std::string_view token;
      if (std::move(next).get(element) || !token_of(element, token) || !walk_.is_sound(element, token, 2)) return false;
    }
    return is_at_end(doc);
  }

  // `raw` is the message's text; where it is not known yet (an element of an array) it is empty at the start of it.
  bool message(od::object& object, std::string_view raw, od::document& doc, int depth) {
    ReadingBatch::Message m;
    m.first = static_cast<std::uint32_t>(batch_.samples.size());
    m.index = count_;
    Complaint complaint;
    bool has_asset = false, has_at = false, has_values = false, flawed = false;
    for (auto next : object) {
      od::field field;
      std::string_view key, token;
      if (std::move(next).get(field) || !key_of(field, key)) return false;
      od::value value = field.value();
      if (!token_of(value, token)) return false;
      bool sound = true;
      if (key == "values") {
        if (std::exchange(has_values, true)) twice(complaint, key);
        sound = values(value, token, m, complaint, flawed, depth + 1);
      } else if (key == "asset") {
        if (std::exchange(has_asset, true)) twice(complaint, key);
        sound = asset(value, token, m, complaint, depth + 1);
      } else if (key == "at") {
        if (std::exchange(has_at, true)) twice(complaint, key);
        sound = at(value, token, m, complaint, depth + 1);
      } else {
        sound = walk_.is_sound(value, token, depth + 1);
      }
      if (!sound) return false;
    }
    if (!asset_.empty()) {
      m.asset_size = static_cast<std::uint32_t>(asset_.size());
    } else if (!has_asset) {
      complaint.say(errors::kMissingField, "`asset` is missing");
    }
    if (!has_values) complaint.say(errors::kMissingField, "`values` is missing");
    if (complaint.code != nullptr) {
      batch_.samples.resize(m.first);
      flaw(complaint, raw, doc);
      return true;
    }
    m.count = static_cast<std::uint32_t>(batch_.samples.size()) - m.first;
    if (flawed || m.count == 0) keep_raw(m, raw, doc);
    batch_.messages.push_back(m);
    return true;
  }

  static void twice(Complaint& complaint, std::string_view key) {
    complaint.say(errors::kBadField, "`" + std::string(key) + "` appears twice");
  }

  bool asset(od::value& value, std::string_view token, ReadingBatch::Message& m, Complaint& complaint, int depth) {
    if (token.front() != '"') {
      complaint.say(errors::kWrongType, "`asset` must be text");
      return walk_.is_sound(value, token, depth);
    }
    std::string_view id;
    if (!text_of(value, token, id)) return false;
    if (!is_asset_id(id)) {
      complaint.say(errors::kBadAssetId, "`asset` is not an id: [A-Za-z0-9._:-], 1 to 128 characters");
    } else if (!asset_.empty()) {
      if (id != asset_) complaint.say(errors::kBadField, "`asset` is not the asset that the topic names");
    } else {
      m.asset_size = static_cast<std::uint32_t>(id.size());
      const ReadingBatch::Message* const last = batch_.messages.empty() ? nullptr : &batch_.messages.back();
      m.asset = last != nullptr && batch_.asset_of(*last) == id ? last->asset : put(id);
    }
    return true;
  }

  bool at(od::value& value, std::string_view token, ReadingBatch::Message& m, Complaint& complaint, int depth) {
    if (!last_at_.empty() && token == last_at_) {
      m.at = last_time_;
      return true;
    }
    std::string_view text = token;
    if (token.front() == '"') {
      if (!text_of(value, token, text)) return false;
    } else if (token == "null") {
      return true;
    } else {
      Decimal number;
      if (read_number(token, number) != NumberText::number) {
        complaint.say(errors::kWrongType, "`at` must be RFC 3339 text or epoch milliseconds");
        return walk_.is_sound(value, token, depth);
      }
    }
    const Result<Time> time = parse_time(text);
    if (!time) {
      complaint.say(*time.error().code, "`at`: " + time.error().detail);
    } else if (*time == kNoTime) {
      complaint.say(errors::kTooOld, "`at` is 1970-01-01T00:00:00Z: the sender's clock was never set");
    } else {
      m.at = *time;
      last_time_ = *time;
      last_at_ = token;
    }
    return true;
  }

  bool values(od::value& value, std::string_view token, const ReadingBatch::Message& m, Complaint& complaint, bool& flawed,
              int depth) {
    od::object object;
    if (token.front() != '{') {
      complaint.say(errors::kWrongType, "`values` must be an object of numbers");
      return walk_.is_sound(value, token, depth);
    }
    if (value.get_object().get(object)) return false;
    for (auto next : object) {
      od::field field;
      std::string_view key, number;
      if (std::move(next).get(field) || !key_of(field, key)) return false;
      od::value item = field.value();
      ReadingBatch::Sample sample;
      // The name is copied before the value is read: an unescaped key lives in the parser's buffer.
      if (!point(key, sample, complaint) || !token_of(item, number)) return false;
      Flawed flaw = Flawed::no;
      if (!number_of(item, number, sample, flaw, depth + 1)) return false;
      sample.flaw = static_cast<std::uint32_t>(flaw);
      flawed = flawed || flaw != Flawed::no;
      if (complaint.code != nullptr) continue;
      if (batch_.samples.size() - m.first == kValues) {
        complaint.say(errors::kTooMany, "a message has at most 256 values");
      } else if (has_point(m, sample)) {
        complaint.say(errors::kBadField, "the point `" + std::string(batch_.point_of(sample)) + "` appears twice");
      } else {
        batch_.samples.push_back(sample);
      }
    }
    return true;
  }

  bool has_point(const ReadingBatch::Message& m, const ReadingBatch::Sample& sample) const {
    for (std::size_t i = m.first; i < batch_.samples.size(); ++i) {
      const ReadingBatch::Sample& other = batch_.samples[i];
      if (other.point == sample.point && other.point_size == sample.point_size) return true;
      if (other.point_size == sample.point_size && batch_.point_of(other) == batch_.point_of(sample)) return true;
    }
    return false;
  }

  bool number_of(od::value& value, std::string_view token, ReadingBatch::Sample& sample, Flawed& flaw, int depth) {
    Decimal number;
    switch (token.front()) {
      case '"': case '{': case '[': case 't': case 'f':
        flaw = Flawed::wrong_type;
        return walk_.is_sound(value, token, depth);
      default: break;
    }
    if (token == "null") {
      flaw = Flawed::wrong_type;
      return true;
    }
    switch (read_number(token, number)) {
      case NumberText::malformed: return false;
      case NumberText::not_finite: flaw = Flawed::not_finite; break;
      case NumberText::number:
        sample.mantissa = number.mantissa;
        sample.scale = number.scale;
        break;
    }
    return true;
  }

  bool point(std::string_view name, ReadingBatch::Sample& sample, Complaint& complaint) {
    if (name.empty() || name.size() > limits::kPointNameBytes) {
      complaint.say(errors::kBadField, "a point's name has 1 to " + std::to_string(limits::kPointNameBytes) + " bytes");
      return true;
    }
    sample.point_size = static_cast<std::uint32_t>(name.size());
    for (std::size_t i = 0; i < names_known_; ++i) {
      const auto& [offset, size] = names_[i];
      if (size == name.size() && std::memcmp(batch_.text.data() + offset, name.data(), size) == 0) {
        sample.point = offset;
        return true;
      }
    }
    sample.point = put(name);
    const std::size_t place = names_known_ < kNames ? names_known_++ : names_next_++ % kNames;
    names_[place] = {sample.point, sample.point_size};
    return true;
  }

  std::uint32_t put(std::string_view text) {
    const auto offset = static_cast<std::uint32_t>(batch_.text.size());
    batch_.text.append(text);
    return offset;
  }

  // An element's text ends before the comma or bracket that the reader has come to.
  static std::string_view ended(std::string_view raw, od::document& doc) {
    const char* here = nullptr;
    if (!raw.empty() || doc.current_location().get(here)) return raw;
    return trimmed({raw.data(), static_cast<std::size_t>(here - raw.data())});
  }
  void keep_raw(ReadingBatch::Message& m, std::string_view raw, od::document& doc) {
    const std::string kept = cut_raw(ended(raw, doc));
    m.raw = put(kept);
    m.raw_size = static_cast<std::uint32_t>(kept.size());
  }
  void flaw(const Complaint& complaint, std::string_view raw, od::document& doc) {
    batch_.flaws.push_back({count_, std::string(complaint.code->name), complaint.detail, cut_raw(ended(raw, doc))});
  }

  Padded body_;
  std::string asset_;               // named by the topic; empty: each message names its own
  ReadingBatch batch_;
  std::uint32_t count_ = 0;         // messages seen, flawed ones among them
  std::string_view last_at_;        // times repeat in a batch
  Time last_time_{};
  std::array<std::pair<std::uint32_t, std::uint32_t>, kNames> names_{};
  std::size_t names_known_ = 0, names_next_ = 0;
  Walk walk_;
  bool many_ = false, other_ = false;
};

// NDJSON without a content type that says so: the first line is a whole object, and others follow.
bool looks_like_lines(ReadingDecoder& decoder) {
  std::string_view rest = decoder.text(), first, second;
  return next_line(rest, first) && next_line(rest, second) && decoder.is_whole_line(first);
}

}  // namespace

bool is_asset_id(std::string_view id) {
  static constexpr auto kAllowed = [] {
    std::array<bool, 256> allowed{};
    for (int c = 'a'; c <= 'z'; ++c) allowed[static_cast<std::size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) allowed[static_cast<std::size_t>(c)] = true;
    for (int c = '0'; c <= '9'; ++c) allowed[static_cast<std::size_t>(c)] = true;
    for (const char c : {'.', '_', ':', '-'}) allowed[static_cast<std::size_t>(c)] = true;
    return allowed;
  }();
  if (id.empty() || id.size() > limits::kAssetIdBytes) return false;
  for (const char c : id) {
    if (!kAllowed[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

Result<ReadingBatch> decode_readings(std::string_view body, std::string_view content_type) {
  if (const Result<void> fit = check_body(body); !fit) return fit.error();
  ReadingDecoder decoder(body, {});
  if (!is_lines_type(content_type) && !looks_like_lines(decoder)) {
    if (decoder.whole()) return decoder.take();
    std::string_view rest = decoder.text(), line;
    if (!trimmed(body).starts_with('{') || !next_line(rest, line) || !next_line(rest, line)) return decoder.why();
    const Error why = decoder.why();
    if (!decoder.is_whole_line(line)) return why;  // otherwise NDJSON whose first line is broken
  }
  if (!decoder.lines()) return too_many_messages();
  return decoder.take();
}

Result<ReadingBatch> decode_readings_for(std::string_view asset, std::string_view body) {
  ReadingDecoder decoder(body, asset);
  const Result<void> fit = check_body(body);
  if (!fit && fit.error().code == &errors::kTooLarge) return fit.error();
  if (fit && decoder.whole()) return decoder.take();
  if (decoder.many()) return too_many_messages();
  const Error why = fit ? decoder.why() : fit.error();
  ReadingBatch batch;
  batch.single = true;
  batch.flaws.push_back({0, std::string(why.code->name), std::string(asset) + ": " + why.detail, cut_raw(body)});
  return batch;
}

}  // namespace cityloop
