// SPDX-License-Identifier: Apache-2.0
// `cityloop import`: files by a mapping into a city, with a progress bar. Opens the folder itself, or goes through the control
// socket of the server that holds it: an import gives way to what is live.
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <sstream>
#include <thread>
#include <unistd.h>

#include "analyse/analyse.h"
#include "app/ask.h"
#include "app/commands.h"
#include "core/json.h"
#include "sense/mapping.h"

namespace cityloop {

namespace {

constexpr std::size_t kChunk = 1u << 20;
constexpr std::size_t kBatch = 5'000;      // messages of one input
constexpr std::size_t kReports = 500;      // reports of one action

int complain(const std::string& sentence, int code = kExitFailed) {
  std::fprintf(stderr, "cityloop: %s\n", sentence.c_str());
  return code;
}

std::string text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Plain and .gz alike.
Result<void> each_chunk(const std::string& path, const std::function<Result<void>(std::string_view)>& visit) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file) return fail(errors::kUsage, "cannot read " + path);
  std::string buffer(kChunk, '\0');
  Result<void> result;
  for (;;) {
    const int size = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()));
    if (size < 0) result = fail(errors::kUndecodable, path + " is damaged");
    if (size <= 0) break;
    result = visit(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
    if (!result) break;
  }
  gzclose(file);
  return result;
}

class Progress {
 public:
  explicit Progress(std::size_t files) : files_(files), shown_(isatty(STDERR_FILENO) != 0) {}
  void show(std::size_t file, std::uint64_t rows, bool last = false) {
    const auto now = std::chrono::steady_clock::now();
    if (!last && now - drawn_ < std::chrono::milliseconds(200)) return;
    drawn_ = now;
    const double seconds = std::max(0.001, std::chrono::duration<double>(now - began_).count());
    if (!shown_ && !last) return;
    std::fprintf(stderr, "%s%zu of %zu files, %llu rows, %.0f rows/s%s", shown_ ? "\r" : "", file, files_, static_cast<unsigned long long>(rows),
                 static_cast<double>(rows) / seconds, last ? "\n" : " ");
  }

 private:
  std::size_t files_;
  bool shown_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now(), drawn_{};
};

Result<Zone> zone_named(const std::string& name) {
  const bool plain = !name.empty() && name.find("..") == std::string::npos && name.front() != '/';
  const std::string path = "/usr/share/zoneinfo/" + name;
  if (!plain || !std::filesystem::is_regular_file(path)) return fail(errors::kUsage, "there is no time zone " + name);
  return Zone::parse(text_of_file(path));
}

void tell_problems(const std::string& file, const std::vector<RowProblem>& problems, std::uint64_t& told) {
  for (const RowProblem& problem : problems)
    if (++told <= 20) std::fprintf(stderr, "%s:%llu: %s: %s\n", file.c_str(), static_cast<unsigned long long>(problem.line), problem.code.c_str(), problem.detail.c_str());
}

// Runs the rules over imported rows in the order of their own time, on an engine of its own: the city hears of nothing.
class Evaluation {
 public:
  explicit Evaluation(Asker::Tables tables) : packs_(std::move(tables.packs)), tables_(std::move(tables.assets)) {
    const auto set = analyse_.set_packs(packs_);
    CHECK(set.has_value());
  }
  void take(const ReadingBatch& batch) {
    for (const ReadingBatch::Message& message : batch.messages) {
      const Asset* asset = tables_.asset(batch.asset_of(message));
      const KindSpec* kind = asset ? packs_->kind(asset->kind) : nullptr;
      if (!kind) continue;
      std::vector<Observation> seen;
      for (std::uint32_t k = message.first; k < message.first + message.count; ++k) {
        const ReadingBatch::Sample& sample = batch.samples[k];
        const int point = kind->point_index(batch.point_of(sample));
        if (point < 0 || sample.flaw != 0) continue;
        Observation one;
        one.slot = asset->slot;
        one.point = static_cast<std::uint8_t>(point);
        one.at = one.arrival = message.at;
        one.value = Decimal{sample.mantissa, sample.scale};
        one.number = one.value.number();
        seen.push_back(one);
      }
      rows_.push_back({message.at, std::move(seen)});
    }
  }
  void run() {
    std::stable_sort(rows_.begin(), rows_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::printf("%-20s %-20s %-8s %-28s %s\n", "raised", "cleared", "peak", "rule", "asset");
    for (const auto& [at, seen] : rows_) {
      if (seen.empty()) continue;
      for (Time due = analyse_.next_due(); due < at; due = analyse_.next_due()) {
        step(due, {});
        if (analyse_.next_due() <= due) break;
      }
      step(at, seen);
    }
    for (const auto& [id, alarm] : open_) tell(alarm);
    std::printf("%zu alarms would have been raised; nothing was opened\n", count_);
  }

 private:
  void step(Time now, const std::vector<Observation>& seen) {
    std::vector<Event> events;
    std::vector<Observation> derived;
    Context city{++turn_, now, now, chance_, tables_, *packs_, events};
    if (!seen.empty()) analyse_.observe(std::span<const Observation>(seen), city, derived);
    if (analyse_.next_due() <= now) analyse_.tick(city);
    for (const Event& event : events) {
      const auto* alarm = std::get_if<Alarm>(&event.body);
      if (!alarm || alarm->peak == Level::none || alarm->state == AlarmState::pending) continue;
      if (alarm->state == AlarmState::cleared) {
        if (open_.erase(alarm->id) > 0) tell(*alarm);
      } else {
        open_[alarm->id] = *alarm;
      }
    }
  }
  void tell(const Alarm& alarm) {
    ++count_;
    std::printf("%-20s %-20s %-8s %-28s %s\n", format_time(alarm.raised_at).c_str(), alarm.cleared_at ? format_time(*alarm.cleared_at).c_str() : "-",
                std::string(level_name(alarm.peak)).c_str(), alarm.rule.c_str(), alarm.asset.c_str());
  }

  std::shared_ptr<const Packs> packs_;
  const Register tables_;
  Analyse analyse_;
  Chance chance_{1};
  std::uint64_t turn_ = 0;
  std::vector<std::pair<Time, std::vector<Observation>>> rows_;
  std::map<std::string, Alarm> open_;
  std::size_t count_ = 0;
};

// What became of reports: `errors` of the answer are told with what they were in the files.
struct Filed {
  std::uint64_t waiting = 0, merged = 0, placeless = 0, repeated = 0, refused = 0, told = 0;
  void add(const Answer& answer, std::span<const MappedReport> sent) {
    const auto parsed = parse_json(answer.body);
    if (!parsed || !parsed->is_object()) return;
    const json::object& counts = parsed->get_object();
    const auto number = [&](const char* name) -> std::uint64_t {
      const json::value* value = counts.if_contains(name);
      return value && value->is_number() ? value->to_number<std::uint64_t>() : 0;
    };
    waiting += number("waiting");
    merged += number("merged");
    placeless += number("placeless");
    repeated += number("repeated");
    const json::value* errors = counts.if_contains("errors");
    if (!errors || !errors->is_array()) return;
    for (const json::value& one : errors->get_array()) {
      ++refused;
      if (++told > 20 || !one.is_object()) continue;
      const auto index = one.get_object().contains("index") ? one.get_object().at("index").to_number<std::size_t>() : sent.size();
      const std::string which = index < sent.size() ? sent[index].report.external : "?";
      std::fprintf(stderr, "report %s: %s: %s\n", which.c_str(), text_or(one.get_object(), "code").c_str(), text_or(one.get_object(), "detail").c_str());
    }
  }
  std::uint64_t taken() const { return waiting + merged + placeless + repeated; }
};

struct Tally {
  std::uint64_t accepted = 0, duplicate = 0, corrected = 0, quarantined = 0;
  void add(const Answer& answer) {
    const auto parsed = parse_json(answer.body);
    if (!parsed || !parsed->is_object()) return;
    const auto number = [&](const char* name) -> std::uint64_t {
      const json::value* value = parsed->get_object().if_contains(name);
      return value && value->is_number() ? value->to_number<std::uint64_t>() : 0;
    };
    accepted += number("accepted");
    duplicate += number("duplicate");
    corrected += number("corrected");
    if (const json::value* list = parsed->get_object().if_contains("quarantined"); list && list->is_array()) quarantined += list->get_array().size();
  }
};

Result<int> import_readings(const ImportCommand& command, Asker& asker) {
  ReadingMap map = TRY(parse_reading_map(text_of_file(command.map)));
  if (!map.zone_name().empty()) map.time.form.zone = TRY(zone_named(map.zone_name()));
  if (const std::string assets = map.assets_document(); !assets.empty()) {
    const Answer answer = asker.act("assets.import", "", assets);
    if (answer.status >= 400) return fail(errors::kBadField, "the mapping's assets: " + answer.detail);
  }
  std::optional<Evaluation> evaluation;
  if (command.evaluate) evaluation.emplace(TRY(asker.tables()));
  Progress progress(command.files.size());
  Tally tally;
  std::uint64_t rows = 0, problems = 0, told = 0, empty = 0;
  const auto flush = [&](ReadingRows& reader) -> Result<void> {
    ReadingsIn in;
    in.source = "import";
    in.batch = reader.take();
    if (evaluation) evaluation->take(in.batch);
    const Answer answer = asker.take(std::move(in));
    if (answer.status >= 400 && answer.status != 422) return fail(errors::kNetwork, answer.code + ": " + answer.detail);
    tally.add(answer);
    return {};
  };
  for (std::size_t i = 0; i < command.files.size(); ++i) {
    ReadingRows reader(map);
    TRY(each_chunk(command.files[i], [&](std::string_view bytes) -> Result<void> {
      TRY(reader.feed(bytes));
      if (reader.size() >= kBatch) TRY(flush(reader));
      progress.show(i + 1, rows + reader.rows());
      return {};
    }));
    TRY(reader.finish());
    if (reader.size() > 0) TRY(flush(reader));
    tell_problems(command.files[i], reader.take_problems(), told);
    problems += reader.problem_count();
    rows += reader.rows();
    empty += reader.empty_rows();
  }
  progress.show(command.files.size(), rows, true);
  std::printf("%llu rows: %llu accepted, %llu duplicate, %llu corrected, %llu empty, %llu quarantined, %llu row problems\n",
              static_cast<unsigned long long>(rows), static_cast<unsigned long long>(tally.accepted), static_cast<unsigned long long>(tally.duplicate),
              static_cast<unsigned long long>(tally.corrected), static_cast<unsigned long long>(empty), static_cast<unsigned long long>(tally.quarantined),
              static_cast<unsigned long long>(problems));
  if (evaluation) evaluation->run();
  return kExitDone;
}

Result<int> import_reports(const ImportCommand& command, Asker& asker) {
  ReportMap map = TRY(parse_report_map(text_of_file(command.map)));
  if (!map.zone_name().empty()) map.set_zone(TRY(zone_named(map.zone_name())));
  std::vector<MappedReport> reports;
  std::uint64_t rows = 0, told = 0, problems = 0;
  for (const std::string& file : command.files) {
    ReportRows reader(map);
    TRY(each_chunk(file, [&](std::string_view bytes) { return reader.feed(bytes); }));
    TRY(reader.finish());
    for (MappedReport& report : reader.take()) reports.push_back(std::move(report));
    tell_problems(file, reader.take_problems(), told);
    problems += reader.problem_count();
    rows += reader.rows();
  }
  std::stable_sort(reports.begin(), reports.end(), [](const auto& a, const auto& b) { return a.report.at < b.report.at; });
  Progress progress(command.files.size());
  const auto began = std::chrono::steady_clock::now();
  std::size_t sent = 0;
  Filed filed;
  while (sent < reports.size()) {
    std::string body = "{\"source\":" + json::serialize(json::string(map.source)) + ",\"reports\":[";
    std::size_t taken = 0;
    for (; sent + taken < reports.size() && taken < kReports; ++taken) {
      const MappedReport& next = reports[sent + taken];
      if (command.speed > 0) {  // replayed: each comes when its time has come
        const auto due = began + std::chrono::duration_cast<std::chrono::steady_clock::duration>((next.report.at - reports.front().report.at) / command.speed);
        if (due > std::chrono::steady_clock::now()) {
          if (taken > 0) break;
          std::this_thread::sleep_until(due);
        }
      }
      body += (taken > 0 ? "," : "") + report_json(next);
    }
    const Answer answer = asker.act("reports.import", "", body + "]}");
    if (answer.status >= 400) return fail(errors::kBadField, answer.detail);
    filed.add(answer, std::span(reports).subspan(sent, taken));
    sent += taken;
    progress.show(command.files.size(), sent);
  }
  progress.show(command.files.size(), sent, true);
  const auto shown = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
  std::printf("%llu rows, %llu reports taken: %llu waiting, %llu merged, %llu without a place, %llu known already; %llu refused, %llu row problems\n",
              shown(rows), shown(filed.taken()), shown(filed.waiting), shown(filed.merged), shown(filed.placeless), shown(filed.repeated),
              shown(filed.refused), shown(problems));
  if (filed.refused > 0 && filed.taken() == 0) return fail(errors::kBadField, "none of the reports was taken");
  return kExitDone;
}

Result<int> import_document(const ImportCommand& command, Asker& asker) {
  for (const std::string& file : command.files) {
    std::string body = text_of_file(file);
    if (file.ends_with(".csv")) body = json::serialize(json::object{{"format", "csv"}, {"text", body}});
    if (!command.root.empty()) {
      json::value document = TRY(parse_json(body));
      if (document.is_object()) document.get_object()["root"] = command.root;
      body = json::serialize(document);
    }
    const Answer answer = asker.act(command.what + ".import", "", body);
    if (answer.status >= 400) return fail(errors::kBadField, file + ": " + answer.detail);
    std::printf("%s: %s\n", file.c_str(), answer.body.c_str());
  }
  return kExitDone;
}

// The city's own working calendar; its name is the file's.
Result<int> import_calendar(const ImportCommand& command, Asker& asker) {
  if (command.files.size() != 1) return fail(errors::kUsage, "a city has one working calendar: give one file");
  const std::string& path = command.files.front();
  const Answer answer = asker.act("calendar.put", std::filesystem::path(path).stem(), text_of_file(path));
  if (answer.status >= 400) return fail(errors::kBadField, path + ": " + answer.detail);
  const auto told = parse_json(answer.body);
  const auto number = [&](const char* key) {
    return told && told->is_object() ? told->get_object().at(key).to_number<std::int64_t>() : 0;
  };
  std::printf("calendar %s is in force: %lld cases counted anew, %lld running clocks without a deadline\n",
              std::filesystem::path(path).stem().c_str(), static_cast<long long>(number("cases_changed")),
              static_cast<long long>(number("clocks_without_deadline")));
  return kExitDone;
}

}  // namespace

int run_import(const ImportCommand& command) {
  Config config;
  if (!command.root.empty()) {
    config.root_area = command.root;
    config.root_name = command.root_name.empty() ? command.root : command.root_name;
  }
  auto asker = Asker::open(command.data, std::move(config));
  if (!asker) return complain(asker.error().detail);
  const auto code = command.what == "readings"   ? import_readings(command, **asker)
                    : command.what == "reports"  ? import_reports(command, **asker)
                    : command.what == "calendar" ? import_calendar(command, **asker)
                                                 : import_document(command, **asker);
  if (!code) return complain(code.error().detail, code.error().code == &errors::kHeld ? kExitHeld : kExitFailed);
  return *code;
}

}  // namespace cityloop
