// SPDX-License-Identifier: Apache-2.0
#include "tests/story.h"

#include <iomanip>
#include <sstream>

#include "city/simulation.h"
#include "core/json.h"
#include "tests/harness.h"

namespace cityloop {

namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false, any = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
      any = true;
    } else if (c == '#' && !quoted) {
      break;
    } else if ((c == ' ' || c == '\t') && !quoted) {
      if (any) words.push_back(word);
      word.clear();
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) words.push_back(word);
  return words;
}

std::pair<std::string, std::string> pair_of(const std::string& word) {
  const auto at = word.find('=');
  return at == std::string::npos ? std::pair{word, std::string()} : std::pair{word.substr(0, at), word.substr(at + 1)};
}

json::value value_of(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  if (const auto number = parse_decimal(text)) return number->number();
  return json::value(text);
}

class Player {
 public:
  std::vector<std::string> play(std::string_view text) {
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
      ++line_;
      std::vector<std::string> words = words_of(line);
      if (words.empty()) continue;
      if (words.size() > 2 && words[words.size() - 2] == "=>") {
        refusal_ = words.back();
        words.resize(words.size() - 2);
      } else {
        refusal_.clear();
      }
      step(words);
    }
    return failures_;
  }

 private:
  void step(const std::vector<std::string>& words) {
    const std::string& verb = words[0];
    if (verb == "packs") {
      city_.load_packs({words.begin() + 1, words.end()});
    } else if (verb == "area") {
      area(words);
    } else if (verb == "unit") {
      unit(words);
    } else if (verb == "user") {
      user(words);
    } else if (verb == "asset") {
      asset(words);
    } else if (verb == "at") {
      city_.advance_to(parse_time(words.at(1)).value());
    } else if (verb == "after") {
      city_.advance(parse_duration(words.at(1)).value());
    } else if (verb == "reading") {
      reading(words, 0);
    } else if (verb == "every") {
      const Millis pace = parse_duration(words.at(1)).value();
      const Time end = city_.now() + parse_duration(words.at(3)).value();
      for (; city_.now() < end; city_.advance(pace)) reading(words, 4);
    } else if (verb == "crash") {
      city_.crash();
    } else if (verb == "checkpoint") {
      city_.checkpoint();
    } else if (verb == "expect") {
      expect(words);
    } else if (verb == "receiver") {
      receiver(words);
    } else if (words.size() > 2 && words[1] == "does") {
      does(words);
    } else if (words.size() > 2 && words[1] == "photographs") {
      photographs(words);
    } else {
      fail("I do not know this step");
    }
  }

  void fail(const std::string& sentence) { failures_.push_back("line " + std::to_string(line_) + ": " + sentence); }

  void check(const Answer& answer) {
    if (refusal_.empty() && answer.status >= 400) fail("refused: " + answer.code + ": " + answer.detail);
    if (!refusal_.empty() && answer.code != refusal_)
      fail("expected refusal " + refusal_ + ", got " + (answer.status < 400 ? "done" : answer.code));
  }

  void area(const std::vector<std::string>& words) {
    const Box box = parse_box(words.at(3)).value();
    const json::array ring{json::array{box.west, box.south}, json::array{box.east, box.south},
                           json::array{box.east, box.north}, json::array{box.west, box.north},
                           json::array{box.west, box.south}};
    const json::object feature{{"type", "Feature"},
                               {"properties", {{"code", words.at(1)}, {"name", words.at(2)}}},
                               {"geometry", {{"type", "Polygon"}, {"coordinates", json::array{ring}}}}};
    check(city_.act("system", "areas.import", "",
                    json::serialize(json::object{{"type", "FeatureCollection"}, {"features", json::array{feature}}})));
  }

  void unit(const std::vector<std::string>& words) {
    json::array duties(words.begin() + 4, words.end());
    check(city_.act("system", "unit.put", words.at(1),
                    json::serialize(json::object{{"name", words.at(2)}, {"area", words.at(3)}, {"duties", duties}})));
  }

  void user(const std::vector<std::string>& words) {
    json::object body{{"person", words.at(1)}, {"roles", json::array{words.at(2)}}, {"area", words.at(3)}};
    if (words.size() > 4) body["unit"] = words[4];
    check(city_.act("system", "user.put", words.at(1), json::serialize(body)));
  }

  void asset(const std::vector<std::string>& words) {
    const auto comma = words.at(3).find(',');
    json::object attributes;
    json::object body{
        {"kind", words.at(2)},
        {"name", words.at(1)},
        {"location",
         {{"type", "Point"},
          {"coordinates", json::array{std::stod(words[3].substr(0, comma)), std::stod(words[3].substr(comma + 1))}}}}};
    for (std::size_t i = 4; i < words.size(); ++i) {
      const auto [name, value] = pair_of(words[i]);
      if (name == "owner_unit" || name == "keeper_unit" || name == "component_code") {
        body[name] = value;
      } else {
        attributes[name] = value_of(value);
      }
    }
    body["attributes"] = attributes;
    check(city_.act("system", "asset.put", words.at(1), json::serialize(body)));
  }

  void receiver(const std::vector<std::string>& words) {
    check(city_.act("system", "receiver.put", words.at(1),
                    json::serialize(json::object{{"url", "https://" + words[1] + ".example"}, {"area", words.at(2)}})));
  }

  // A picture is known by the digest of its bytes; the name stands for the bytes here.
  static std::string picture_id(const std::string& name) {
    std::ostringstream id;
    id << std::hex << std::setfill('0');
    for (std::size_t part = 0; part < 4; ++part) id << std::setw(16) << StringHash{}(name + std::to_string(part));
    return id.str();
  }

  void photographs(const std::vector<std::string>& words) {
    const std::string id = picture_id(words[2]);
    check(city_.act("user:" + words[0], "attachment.add", id,
                    json::serialize(json::object{{"id", id}, {"type", "image/jpeg"}, {"bytes", 100'000}})));
  }

  void reading(const std::vector<std::string>& words, std::size_t from) {
    std::vector<std::pair<std::string, Decimal>> values;
    Millis late{0};
    for (std::size_t i = from + 2; i < words.size(); ++i) {
      const auto [name, value] = pair_of(words[i]);
      if (name == "late") {
        late = parse_duration(value).value();
      } else {
        values.emplace_back(name, parse_decimal(value).value());
      }
    }
    std::vector<std::pair<std::string_view, Decimal>> views(values.begin(), values.end());
    ReadingBatch batch;
    add_message(batch, words.at(from + 1), city_.now() - late, views);
    check(city_.send("system", std::move(batch)));
  }

  json::object newest(const std::string& table) {
    const std::vector<std::string> docs = city_.docs(table);
    json::object best;
    std::string time;
    for (const std::string& doc : docs) {
      json::object object = parse_json(doc).value().as_object();
      const std::string at = text_or(object, table == "cases" ? "no" : "raised_at");
      if (at >= time) {
        time = at;
        best = std::move(object);
      }
    }
    return best;
  }

  void does(const std::vector<std::string>& words) {
    std::string subject = words.size() > 3 ? words[3] : "";
    std::uint64_t rev = 0;
    if (subject == "case") {
      const json::object file = newest("cases");
      subject = text_or(file, "no");
      if (const json::value* value = file.if_contains("rev"))
        rev = static_cast<std::uint64_t>(value->to_number<std::int64_t>());
    } else if (subject == "alarm") {
      subject = text_or(newest("alarms"), "id");
    }
    json::object body;
    for (std::size_t i = 4; i < words.size(); ++i) {
      const auto [name, value] = pair_of(words[i]);
      if (name == "rev") {
        rev = std::stoull(value);
      } else if (name == "attachments") {
        body[name] = json::array{picture_id(value)};
      } else {
        body[name] = value_of(value);
      }
    }
    check(city_.act("user:" + words[0], words[2], subject, json::serialize(body), rev));
  }

  // `deadline.stage` is the member of a member.
  static const json::value* member(const json::object& object, const std::string& path) {
    const auto dot = path.find('.');
    const json::value* found = object.if_contains(path.substr(0, dot));
    if (dot == std::string::npos || !found || !found->is_object()) return found;
    return member(found->as_object(), path.substr(dot + 1));
  }

  void expect(const std::vector<std::string>& words) {
    if (words.at(1) == "quiet") {
      for (const Event& event : city_.events())
        if (event.kind.starts_with("alarm.") || event.kind.starts_with("case.")) fail("not quiet: " + event.kind);
    } else if (words[1] == "case" || words[1] == "alarm") {
      const json::object object = newest(words[1] + "s");
      for (std::size_t i = 2; i < words.size(); ++i) {
        const auto [name, value] = pair_of(words[i]);
        const json::value* found = member(object, name);
        std::string text = !found || found->is_null() ? ""
                           : found->is_string()       ? std::string(found->as_string())
                                                      : json::serialize(*found);
        if (text != value) fail(words[1] + " " + name + " is " + text + ", expected " + value);
      }
    } else {
      std::size_t count = 0;
      for (const std::string& doc : city_.docs(words[1])) {
        const json::object object = parse_json(doc).value().as_object();
        bool matches = true;
        for (std::size_t i = 3; i < words.size() && matches; ++i) {
          const auto [name, value] = pair_of(words[i]);
          const json::value* found = member(object, name);
          matches = found && (found->is_string() ? std::string_view(found->as_string()) == value
                                                 : json::serialize(*found) == value);
        }
        count += matches ? 1 : 0;
      }
      if (count != std::stoull(words.at(2)))
        fail("expected " + words[2] + " rows of " + words[1] + ", found " + std::to_string(count));
    }
  }

  Harness city_{7};
  std::size_t line_ = 0;
  std::string refusal_;
  std::vector<std::string> failures_;
};

}  // namespace

std::vector<std::string> play_story(std::string_view text) { return Player().play(text); }

}  // namespace cityloop
