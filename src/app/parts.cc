// SPDX-License-Identifier: Apache-2.0
#include "app/parts.h"

#include <openssl/rand.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "app/descriptors.h"
#include "app/logging.h"
#include "app/receivers.h"
#include "city/version.h"
#include "core/json.h"
#include "core/limits.h"
#include "edge/backup.h"
#include "sense/decode.h"
#include "sense/path.h"
#include "supervise/limit.h"

namespace cityloop {

namespace {

constexpr Millis kForgetEvery = std::chrono::hours(24);

std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string beside_program(const std::string& configured, const char* name) {
  return configured.empty() ? program_folder() + "/" + name : configured;
}

Result<void> must(const Answer& answer, const std::string& what) {
  if (answer.status >= 400) return fail(errors::kUsage, what + ": " + answer.detail);
  return {};
}

}  // namespace

std::uint64_t seed_of_system() {
  std::uint64_t seed = 0;
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&seed), sizeof seed) == 1);
  return seed;
}

// Root area and the city's hours are part of every case number and every scope, so they are taken once and kept.
Result<void> Server::Parts::settle_city() {
  const std::string path = folder->path() + "/city.json";
  if (!std::filesystem::exists(path)) {
    std::ofstream out(path);
    out << json::serialize(json::object{{"root_area", options.config.root_area}, {"root_name", options.config.root_name},
                                        {"utc_offset_ms", options.config.utc_offset.count()}}) << '\n';
    if (!out.flush()) return fail(errors::kStorage, "cannot write " + path);
  }
  const json::value parsed = TRY(parse_json(text_of_file(path)));
  if (!parsed.is_object()) return fail(errors::kCorrupt, path + " is damaged");
  city_settings.root_area = TRY(need_string(parsed.as_object(), "root_area"));
  city_settings.root_name = TRY(need_string(parsed.as_object(), "root_name"));
  city_settings.utc_offset = Millis{static_cast<std::int64_t>(TRY(need_number(parsed.as_object(), "utc_offset_ms")))};
  city_settings.audit_key = folder->keys().audit;
  return {};
}

Result<void> Server::Parts::first_inputs(Server& server, Time down_since, const std::function<void(const std::string&)>& say) {
  const bool restored = folder->is_restored();
  TRY(must(server.take(StartedIn{down_since, kProgramVersion, restored}), "start"));
  if (restored) TRY(folder->release_restored());
  const auto texts = TRY(read_packs(beside_program(options.config.packs, "packs")));
  json::object packs;
  std::string digest;
  for (const auto& [name, text] : texts) {
    packs[name] = text;
    const Pack pack = TRY(parse_pack(name, text));
    digest += pack.name + "=" + pack.digest + ";";
  }
  std::string known;
  loop->between_turns([&](City& running) { known = running.packs_digest(); });
  if (known != digest) TRY(must(server.act("packs.put", "", json::serialize(json::object{{"packs", packs}})), "packs"));
  TRY(ship_calendar(server));
  TRY(ship_formulas(server));
  TRY(ship_classes(server));
  if (loop->access()->users.empty()) {
    TRY(lay_districts(server));
    const std::string password = server.random_password();
    const json::object body{{"person", "admin"}, {"roles", json::array{"admin"}},
                            {"area", city_settings.root_area}, {"password", server.hash_password(password)}};
    TRY(must(server.act("user.put", "admin", json::serialize(body)), "first administrator"));
    say("first start: user `admin`, password `" + password + "` (shown once; change it after signing in)");
  }
  for (const Config::Receiver& receiver : options.config.receivers)
    TRY(must(server.act("receiver.put", receiver.name, receiver.body), "receiver " + receiver.name));
  const std::string source_files = options.config.sources.empty() ? folder->path() + "/sources" : options.config.sources;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(source_files, none)) {
    if (entry.path().extension() != ".jsonc") continue;
    const Answer answer = server.act("source.put", entry.path().stem(), text_of_file(entry.path()));
    if (answer.status >= 400) return fail(errors::kUsage, entry.path().string() + ": " + answer.detail);
  }
  return {};
}

// A new folder knows the districts of its city where the program has them (build/geo); other cities import theirs.
Result<void> Server::Parts::lay_districts(Server& server) {
  const std::string path = beside_program(options.config.geo, "geo") + "/districts.geojson";
  if (!std::filesystem::exists(path)) return {};
  const std::string text = text_of_file(path);
  const json::value document = TRY(parse_json(text));
  if (!document.is_object() || text_or(document.as_object(), "root") != city_settings.root_area) return {};
  return must(server.act("areas.import", "", text), path);
}

// Limits in working time need a calendar. Ours holds until the city puts its own; then it is only told when the days
// run out.
Result<void> Server::Parts::ship_calendar(Server& server) {
  const std::string path =
      options.config.calendar.empty() ? program_folder() + "/calendars/china.jsonc" : options.config.calendar;
  std::string known;
  bool own = false;
  const auto look = [&](City& running) {
    const CalendarBook& book = running.supervise().calendar();
    known = book.text();
    own = book.in_force() != nullptr && !book.shipped();
  };
  loop->between_turns(look);
  if (!std::filesystem::exists(path)) {
    if (!options.config.calendar.empty()) return fail(errors::kUsage, "there is no calendar " + path);
    if (known.empty())
      log_warning("no working calendar: " + path + " is not there, and limits in working time get no deadline");
  } else if (const std::string text = text_of_file(path); !own && text != known) {
    TRY(must(server.act("calendar.ship", std::filesystem::path(path).stem(), text), path));
  }
  constexpr Millis kAhead = std::chrono::hours(24 * 60);  // the next year's notice comes out in November
  std::string warning;
  loop->between_turns([&](City& running) {
    const Calendar* calendar = running.supervise().calendar().in_force();
    if (calendar == nullptr || clock->now() + kAhead < calendar->known_until()) return;
    warning = "the working calendar " + running.supervise().calendar().name() + ": " +
              calendar->why_unknown(calendar->known_until());
  });
  if (!warning.empty())
    log_warning(warning +
                "; limits in working time that run past it get no deadline (docs/how-to/set-the-calendar.md)");
  return {};
}

// The formulas of scores, ours until the city puts its own.
Result<void> Server::Parts::ship_formulas(Server& server) {
  const std::string path = program_folder() + "/standards/scores.jsonc";
  std::string known;
  bool own = false;
  loop->between_turns([&](City& running) {
    const FormulaBook& book = running.supervise().formulas();
    known = book.text();
    own = !known.empty() && !book.shipped();
  });
  if (own) return {};
  if (!std::filesystem::exists(path)) {
    log_warning("no formulas of scores: " + path + " is not there");
    return {};
  }
  const std::string text = text_of_file(path);
  return text == known ? Result<void>() : must(server.act("formulas.ship", "china", text), path);
}

// 96 bits are enough for a link that says one thing of one notice, and short enough for an SMS.
std::string Server::Parts::notice_key(std::string_view notice) const {
  return hmac_hex(folder->keys().audit, "read receipt of notice " + std::string(notice)).substr(0, 24);
}

// A new city starts with the sample table of classes and 立结案标准; from then on the table is the city's own.
Result<void> Server::Parts::ship_classes(Server& server) {
  bool has = false;
  loop->between_turns([&](City& running) { has = !running.tables().standards().empty(); });
  const std::string path = program_folder() + "/standards/china.csv";
  if (has || !std::filesystem::exists(path)) return {};
  const json::object body{{"format", "csv"}, {"text", text_of_file(path)}};
  return must(server.act("classes.ship", "", json::serialize(body)), path);
}

// What the calendar does not reach has no date; a limit that cannot be read is left out.
std::optional<Time> Server::Parts::expected(const std::vector<std::string>& limits) const {
  std::optional<Time> latest;
  const Time now = clock->now();
  loop->between_turns([&](City& running) {
    const Calendar* calendar = running.supervise().calendar().in_force();
    for (const std::string& text : limits) {
      const auto limit = parse_limit(text);
      if (!limit) continue;
      const std::optional<Time> due = !limit->working ? std::optional<Time>(now + limit->length)
                                      : calendar != nullptr ? calendar->after(now, limit->length)
                                                            : std::nullopt;
      if (due && (!latest || *latest < *due)) latest = due;
    }
  });
  return latest;
}

CityFace Server::Parts::face(Server& server) {
  CityFace out;
  out.offer = [this](Input input, std::function<void(Answer)> reply) { loop->offer(std::move(input), std::move(reply)); };
  out.journal = journal.get();
  out.history = history.get();
  out.access = [this] { return loop->access(); };
  out.live = [this] { return loop->live(); };
  out.packs = [this] { return loop->packs(); };
  out.now = [this] { return clock->now(); };
  out.random_hex = [](std::size_t bytes) { return cityloop::random_hex(bytes); };
  out.hash_password = [&server](const std::string& password) { return server.hash_password(password); };
  out.verify_password = [](const std::string& hash, const std::string& password) { return cityloop::verify_password(hash, password); };
  out.worker = [this](std::function<void()> task) { workers->post(std::move(task)); };
  out.decode_readings = [](std::string_view body, std::string_view type) { return decode_readings(body, type); };
  out.decode_records = [](std::string_view body, std::string_view type) { return decode_records(body, type); };
  out.seal = [this](const std::string& clear) { return cityloop::seal(folder->keys().personal, "person", clear); };
  out.open = [this](const std::string& sealed) {
    auto clear = unseal(folder->keys().personal, "person", sealed);
    return clear ? std::move(*clear) : std::string();
  };
  out.phone_digest = [this](std::string_view phone) { return hmac_hex(folder->keys().personal, "phone\n" + std::string(phone)); };
  out.keep_attachment = [this](std::string bytes, std::string) { return attachments->keep(bytes, "", clock->now(), city_settings.utc_offset); };
  out.read_attachment = [this](const std::string& id) -> Result<std::string> { return TRY(attachments->read(id)).bytes; };
  out.notice_key = [this](std::string_view notice) { return notice_key(notice); };
  out.expected = [this](const std::vector<std::string>& limits) { return expected(limits); };
  out.counters = [this] { return ReadingCounters{loop->counters().messages, rate}; };
  out.metrics = [&server] { return server.metrics(); };
  out.why_not_ready = [this] { return loop->why_not_ready(); };
  out.root_area = city_settings.root_area;
  out.version = kProgramVersion;
  out.epoch = epoch;
  out.utc_offset = city_settings.utc_offset;
  out.secure_cookies = !options.config.tls_certificate.empty();
  out.demo = options.demo;
  return out;
}

Result<void> Server::listen() {
  Parts& p = *parts_;
  const Config& config = p.options.config;
  p.workers = std::make_unique<Workers>(2);
  const CityFace face = p.face(*this);
  p.api = std::make_unique<Api>(face);
  p.feed = std::make_unique<LiveFeed>(face, *p.api);
  p.published = p.feed.get();
  if (auto web = StaticFiles::create({beside_program(config.web, "web"), "/", web_pages()})) p.web = std::move(*web);
  else log_warning("no pages: " + web.error().detail);
  if (auto geo = StaticFiles::create({geo_folder(), "/geo"})) p.geo = std::move(*geo);
  const auto handle = [&p](HttpRequest request, Respond respond) {
    const std::string_view path = request.path;
    if (path.starts_with("/api/") || path.starts_with("/n/") || path == "/healthz" || path == "/readyz" || path == "/metrics") return p.api->handle(std::move(request), std::move(respond));
    if (p.geo && path.starts_with("/geo/"))
      if (auto found = p.geo->serve(request)) return respond(std::move(*found));
    if (p.web)
      if (auto found = p.web->serve(request)) return respond(std::move(*found));
    respond(problem(fail(errors::kNotFound, "there is nothing at this address")));
  };
  const auto admit = [&p](const HttpRequest& request) -> Result<std::string> {
    if (request.header("authorization").empty()) return std::string();  // signs in with a ticket in its first message
    return TRY(p.api->caller(request)).principal;
  };
  const DoorShares shares = door_shares(raise_descriptors());
  constexpr std::size_t kFewDevices = 5'000;  // fewer than that a city soon outgrows
  if (shares.mqtt < kFewDevices)
    log_warning("only " + std::to_string(shares.http) + " HTTP and " + std::to_string(shares.mqtt) + " MQTT connections at once: raise the limit of open files (ulimit -n)");
  HttpServerOptions http;
  http.connections = shares.http;
  http.host = config.http.host;
  http.port = config.http.port;
  http.threads = config.threads;
  http.certificate = config.tls_certificate;
  http.key = config.tls_key;
  p.http = TRY(HttpServer::create(http, handle, p.feed.get(), admit));
  MqttServerOptions mqtt;
  mqtt.connections = shares.mqtt;
  mqtt.host = config.mqtt.host;
  mqtt.port = config.mqtt.port;
  mqtt.certificate = config.tls_certificate;
  mqtt.key = config.tls_key;
  MqttCity devices;
  devices.offer = face.offer;
  devices.access = face.access;
  devices.now = face.now;
  devices.decode_readings = [](std::string_view asset, std::string_view payload) { return decode_readings_for(asset, payload); };
  devices.decode_records = [](std::string_view asset, std::string_view payload) { return decode_records_for(asset, payload); };
  devices.decode_results = [](std::string_view asset, std::string_view payload) {
    return decode_results_for(asset, payload);
  };
  devices.matches = [](std::string_view pattern, std::string_view asset) { return glob_match(pattern, asset); };
  p.mqtt = TRY(MqttServer::create(mqtt, devices));
  SourceCity sources;
  sources.offer = face.offer;
  sources.now = face.now;
  sources.decode = [](const SourceSpec& spec, std::string_view topic, std::string_view payload) { return decode_source(spec, topic, payload); };
  sources.next_page = [](const SourceSpec& spec, std::string_view payload) -> std::optional<std::string> {
    const auto path = parse_path(std::get<HttpTransport>(spec.transport).next);
    const auto page = parse_json(payload);
    if (!path || !page) return std::nullopt;
    const json::value* next = follow(*page, *path);
    if (!next || !next->is_string() || next->get_string().empty()) return std::nullopt;
    return std::string(next->get_string());
  };
  sources.environment = [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value ? value : "");
  };
  sources.state_folder = p.folder->path() + "/sources-state";
  std::filesystem::create_directories(sources.state_folder);
  p.sources = SourceRunner::create(sources);
  OutboxCity outbox;
  outbox.due = [&p] {
    std::vector<Notice> due;
    // By the clock: in a quiet city no turn comes that would carry the time on.
    p.loop->between_turns([&](City& city) { due = city.command().due(std::max(city.now(), p.clock->now())); });
    return due;
  };
  outbox.receiver = [&p](const std::string& name) -> Result<OpenReceiver> {
    std::optional<Receiver> found;
    p.loop->between_turns([&](City& city) {
      if (const Receiver* known = city.command().receiver(name)) found = *known;
    });
    if (!found) return fail(errors::kNotFound, "no receiver is called " + name);
    return open_receiver(*found, p.options.config, p.folder->path());
  };
  outbox.utc_offset = p.city_settings.utc_offset;
  if (!config.public_url.empty())
    outbox.link = [&p](const Notice& notice) {
      return p.options.config.public_url + "/n/" + percent_encoded(notice.id) + "?k=" + p.notice_key(notice.id);
    };
  outbox.offer = face.offer;
  outbox.now = face.now;
  p.outbox = OutboxSender::create(outbox);
  p.woken = p.outbox.get();
  p.control = TRY(ControlServer::create(p.folder->control(), [this](const std::string& request) { return control(request); }));
  p.retention = std::make_unique<Retention>(*p.journal);
  p.pulse = std::thread([this, &p] { p.run_pulse(*this); });
  return {};
}

// Commands are offered until their device has taken them: the listener knows those that it still holds, and a device a
// repeat by its id. Nothing is asked of the city while none waits.
void Server::Parts::carry_commands() {
  const auto now = std::chrono::steady_clock::now();
  if (!effects.exchange(false) && now < commands_again) return;
  std::vector<DeviceCommand> waiting;
  loop->between_turns([&](City& running) { waiting = running.command().device_commands(running.now()); });
  commands_again = waiting.empty() ? std::chrono::steady_clock::time_point::max() : now + std::chrono::seconds(2);
  for (const DeviceCommand& command : waiting) {
    MqttServer::Delivery delivery;
    delivery.id = command.id;
    delivery.lives = command.expires - clock->now();
    delivery.delivered = [this, id = command.id] {
      ActionIn in;
      in.principal = "system";
      in.verb = "device.delivered";
      in.subject = id;
      in.arrival = clock->now();
      loop->offer(std::move(in), {});  // refused when the city is busy: it is offered again, and acknowledged again
    };
    mqtt->command(command.asset, payload_of(command), std::move(delivery));
  }
}

// Once a day, beside everything else: the city goes on while the journal is read.
void Server::Parts::forget_the_old(Server& server) {
  const Time now = clock->now();
  if (now < forget_at || forgetting.exchange(true)) return;
  forget_at = now + kForgetEvery;
  workers->post([this, &server, before = now - options.config.contact_kept] {
    const auto keys = retention->to_forget(before, [this] { return stopping.load(); });
    if (!keys) log_warning("what is to be forgotten was not found out: " + keys.error().detail);
    std::size_t forgotten = 0;
    for (const std::string& key : keys ? *keys : std::vector<std::string>{}) {
      if (stopping) break;
      if (server.act("person.delete", key, "{}").status < 400) ++forgotten;
    }
    if (forgotten > 0) log_info("forgot who reported in " + std::to_string(forgotten) + " rows, by the retention of " + format_duration(options.config.contact_kept));
    forgetting = false;
  });
}

void Server::Parts::run_pulse(Server& server) {
  std::uint64_t sources_rev = ~std::uint64_t{0};
  std::uint64_t before = loop->counters().messages;
  int beats = 0;
  while (!stopping) {
    feed->tick(clock->now());
    carry_commands();
    if (++beats % 10 == 0) {
      const std::uint64_t now = loop->counters().messages;
      rate = 0.7 * rate + 0.3 * static_cast<double>(now - before);
      before = now;
      std::vector<SourceSpec> table;
      std::uint64_t rev = 0;
      loop->between_turns([&](City& running) {
        rev = running.sense().sources_rev();
        if (rev == sources_rev) return;
        for (const auto& [name, source] : running.sense().sources()) table.push_back(source);
      });
      if (rev != sources_rev) sources->update(table);
      sources_rev = rev;
      forget_the_old(server);
    }
    std::this_thread::sleep_for(Millis{100});
  }
}

void Server::Parts::close_doors() {
  stopping = true;
  if (pulse.joinable()) pulse.join();
  control.reset();
  if (sources) sources->stop();
  if (mqtt) mqtt->stop();
  woken = nullptr;
  if (outbox) outbox->stop();
  if (http) http->stop();
  if (workers) workers->stop();
}

// One request of a command-line tool (ask.h has the other end):
//   {"verb","subject","body"}   an administrator's deed
//   {"op":"backup","to"}
//   `readings ` ReadingsIn      a batch of an import
//   `tables`                    the register and the packs; the answer is theirs alone, encoded
// All others answer {"status","code","detail","body"}.
std::string Server::control(const std::string& request) {
  if (request == kAskTables) return encoded_tables();
  const Answer answer = request.starts_with(kAskReadings) ? take_import(std::string_view(request).substr(kAskReadings.size())) : do_deed(request);
  return json::serialize(json::object{{"status", answer.status}, {"code", answer.code}, {"detail", answer.detail}, {"body", answer.body}});
}

Answer Server::do_deed(const std::string& request) {
  const auto parsed = parse_json(request);
  if (!parsed || !parsed->is_object()) return refuse(errors::kBadJson, "the request is no JSON object");
  const json::object& asked = parsed->as_object();
  if (text_or(asked, "op") == "backup") {
    const auto done_well = backup(text_or(asked, "to"));
    return done_well ? done(*done_well) : refuse(done_well.error());
  }
  return act(text_or(asked, "verb"), text_or(asked, "subject"), text_or(asked, "body", "{}"));
}

Answer Server::take_import(std::string_view encoded) {
  Reader in(encoded);
  ReadingsIn readings;
  decode(in, readings);
  if (!in.ok() || !in.done()) return refuse(errors::kUndecodable, "the batch cannot be read; is the tool as old as the server?");
  readings.principal = "system";
  readings.import = true;
  readings.arrival = now();
  return take(std::move(readings));
}

std::string Server::encoded_tables() {
  std::string bytes;
  Writer out(bytes);
  loop().between_turns([&](City& city) { city.tables().encode(out); });
  std::map<std::string, std::string> texts;
  for (const Pack& pack : loop().packs()->all()) texts.emplace(pack.name, pack.text);
  encode(out, texts);
  return bytes;
}

Result<std::string> Server::backup(const std::string& to) {
  Parts& p = *parts_;
  TRY(p.loop->checkpoint_now());
  const BackupReport report = TRY(backup_city(*p.folder, *p.journal, *p.history, *p.log, to, now()));
  return json::serialize(json::object{{"files", report.files}, {"bytes", report.bytes}, {"turn", report.turn}});
}

}  // namespace cityloop
