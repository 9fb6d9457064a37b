// SPDX-License-Identifier: Apache-2.0
#include "edge/postgres_session.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/limits.h"
#include "edge/utf8.h"

namespace cityloop {
namespace {

constexpr std::size_t kFlushEvery = 64u << 10;  // bytes that wait in memory before the socket is served

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

Result<Options> parsed(const std::string& url) {
  char* problem = nullptr;
  Options options(PQconninfoParse(url.c_str(), &problem));
  if (options) return options;
  const std::string why = problem != nullptr ? problem : "out of memory\n";
  PQfreemem(problem);
  return fail(errors::kUsage, "the store's URL is not right: " + why.substr(0, why.find('\n')));
}

// Without line breaks: the log has one line for each thing that happened.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c != '\n')
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

Error error_of(const PGresult* result) {
  const auto field = [&](int code) {
    const char* text = PQresultErrorField(result, code);
    return std::string(text == nullptr ? "" : text);
  };
  const std::string state = field(PG_DIAG_SQLSTATE);
  std::string detail = one_line(field(PG_DIAG_MESSAGE_PRIMARY));
  if (detail.empty()) detail = one_line(PQresultErrorMessage(result));
  if (const std::string more = one_line(field(PG_DIAG_MESSAGE_DETAIL)); !more.empty()) detail += " (" + more + ")";
  detail += " [SQLSTATE " + state + "]";
  if (state == "23505") return fail(errors::kConflict, detail);
  if (state == "23514" && field(PG_DIAG_CONSTRAINT_NAME) == "meta_fenced")
    return fail(errors::kHeld, "another server has taken the journal over; this one may never write to it again");
  if (state == "53100") return fail(errors::kNoSpace, "the disk of PostgreSQL is full: " + detail);
  static constexpr std::array<std::string_view, 9> kComeAgain{"08",    "57P",   "57014", "53300", "53200",
                                                              "25006", "25P03", "40",    "55P03"};
  const bool again = state.empty() ||
                     std::ranges::any_of(kComeAgain, [&](std::string_view start) { return state.starts_with(start); });
  return fail(again ? errors::kNotReady : errors::kStorage, "PostgreSQL: " + detail);
}

}  // namespace

void PostgresClose::operator()(pg_conn* connection) const { PQfinish(connection); }
void PostgresClose::operator()(pg_result* result) const { PQclear(result); }

int PostgresResult::rows() const { return PQntuples(result_.get()); }
bool PostgresResult::is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
std::string_view PostgresResult::at(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}
std::int64_t PostgresResult::integer(int row, int column) const {
  const std::string_view text = at(row, column);
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// ---- text -------------------------------------------------------------------------------------------------------

namespace {

bool is_escaped(std::string_view text, std::size_t at) {  // U+F700 to U+F7FF
  return at + 2 < text.size() && text[at] == '\xef' && (static_cast<unsigned char>(text[at + 1]) & 0xfc) == 0x9c;
}

void add_escaped(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '\xef';
  out += static_cast<char>(0x9c + (byte >> 6));
  out += static_cast<char>(0x80 + (byte & 0x3f));
}

}  // namespace

std::string postgres_text(std::string text) {
  if (is_utf8(text) && text.find('\0') == std::string::npos) {
    bool plain = true;
    for (auto at = text.find('\xef'); plain && at != std::string::npos; at = text.find('\xef', at + 1))
      plain = !is_escaped(text, at);
    if (plain) return text;
  }
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size = 1;
    while (size <= 4 && at + size <= text.size() && !is_utf8(std::string_view(text).substr(at, size))) ++size;
    const bool whole = size <= 4 && at + size <= text.size() && text[at] != '\0' && !is_escaped(text, at);
    if (whole)
      out.append(text, at, size);
    else
      add_escaped(out, text[at]);
    at += whole ? size : 1;
  }
  return out;
}

std::string text_of_postgres(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (is_escaped(text, at)) {
      out += static_cast<char>((static_cast<unsigned char>(text[at + 1]) - 0x9c) << 6 |
                               (static_cast<unsigned char>(text[at + 2]) & 0x3f));
      at += 3;
    } else {
      const auto next = text.find('\xef', at + 1);
      const std::size_t end = std::min(next, text.size());
      out.append(text.substr(at, end - at));
      at = end;
    }
  }
  return out;
}

// ---- a connection -----------------------------------------------------------------------------------------------

bool is_postgres_url(std::string_view store) {
  return store.starts_with("postgres://") || store.starts_with("postgresql://") ||
         store.find('=') != std::string_view::npos;
}

Result<std::string> without_password(const std::string& url) {
  const Options options = TRY(parsed(url));
  std::string out;
  for (const PQconninfoOption* each = options.get(); each->keyword != nullptr; ++each) {
    if (each->val == nullptr || std::string_view(each->keyword) == "password") continue;
    out += std::string(out.empty() ? "" : " ") + each->keyword + "='";
    for (const char c : std::string_view(each->val)) {
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    }
    out += '\'';
  }
  return out;
}

Result<std::unique_ptr<PostgresSession>> PostgresSession::open(const std::string& url, Use use) {
  // What the URL says wins over what stands before it. A peer that is gone is noticed within half a minute.
  std::vector<std::pair<std::string, std::string>> wanted{
      {"fallback_application_name", "cityloop"},
      {"connect_timeout", "5"},
      {"keepalives_idle", "10"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "25000"},
      {"target_session_attrs", use == Use::write ? "read-write" : "any"}};
  const Options options = TRY(parsed(url));
  for (const PQconninfoOption* each = options.get(); each->keyword != nullptr; ++each) {
    if (each->val != nullptr) wanted.emplace_back(each->keyword, each->val);
  }
  wanted.emplace_back("client_encoding", "UTF8");
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : wanted) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  std::unique_ptr<PostgresSession> session(new PostgresSession(PQconnectdbParams(keys.data(), values.data(), 0), use));
  PGconn* connection = session->connection_.get();
  if (PQstatus(connection) != CONNECTION_OK)
    return fail(errors::kNotReady, "PostgreSQL: " + one_line(PQerrorMessage(connection)));
  if (PQsetnonblocking(connection, 1) != 0 || PQenterPipelineMode(connection) != 1)
    return fail(errors::kNotReady, "PostgreSQL: " + one_line(PQerrorMessage(connection)));
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);  // `IF NOT EXISTS` chats
  TRY(session->settle());
  return session;
}

Result<void> PostgresSession::settle() {
  if (use_ == Use::write) {  // should we vanish, the server lets go of the lock and of an open transaction as soon
    for (const char* set : {"SET tcp_keepalives_idle = 10", "SET tcp_keepalives_interval = 5",
                            "SET tcp_keepalives_count = 3", "SET tcp_user_timeout = 25000",
                            "SET idle_in_transaction_session_timeout = '30s'", "SET statement_timeout = 0"})
      send(set);
  } else {
    send("SET default_transaction_read_only = on");
    send("SET statement_timeout = '30s'");
  }
  send("SHOW server_encoding", {}, Wanted::result);
  const auto results = TRY(finish());
  if (results[0].at(0, 0) != "UTF8")
    return fail(errors::kUsage,
                "the database's encoding is " + std::string(results[0].at(0, 0)) + ": make one with ENCODING 'UTF8'");
  return {};
}

bool PostgresSession::is_coming_up(const std::string& url) { return PQping(url.c_str()) == PQPING_REJECT; }

int PostgresSession::backend() const { return PQbackendPID(connection_.get()); }

void PostgresSession::lose(const std::string& why) {
  if (!lost_) problem_ = fail(errors::kNotReady, "PostgreSQL: the connection is lost: " + one_line(why));
  lost_ = true;
}

void PostgresSession::sent(int success, Wanted wanted) {
  if (success != 1) return lose(PQerrorMessage(connection_.get()));
  sent_.push_back(wanted);
  if (unflushed_ < kFlushEvery) return;
  unflushed_ = 0;
  // Answers are taken on the way: two sides that only write would wait for each other.
  while (!lost_) {
    const int left = PQflush(connection_.get());
    if (left < 0) return lose(PQerrorMessage(connection_.get()));
    take_results();
    if (left == 0) return;
    if (!wait()) return;
  }
}

namespace {

struct Pointers {
  explicit Pointers(const std::vector<PostgresValue>& values) {
    for (const PostgresValue& value : values) {
      all.push_back(value ? value->c_str() : nullptr);
      bytes += value ? value->size() + 8 : 8;
    }
  }
  std::vector<const char*> all;
  std::size_t bytes = 64;
};

}  // namespace

void PostgresSession::send(const std::string& sql, const std::vector<PostgresValue>& values, Wanted wanted) {
  if (lost_) return;
  const Pointers pointers(values);
  unflushed_ += pointers.bytes + sql.size();
  sent(PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, pointers.all.data(),
                         nullptr, nullptr, 0),
       wanted);
}

void PostgresSession::send_prepared(const std::string& sql, const std::vector<PostgresValue>& values, Wanted wanted) {
  if (lost_) return;
  std::string& name = prepared_[sql];
  if (name.empty()) {
    name = "s" + std::to_string(++names_);
    preparing_.push_back(sql);
    sent(PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), static_cast<int>(values.size()), nullptr),
         Wanted::success);
    if (lost_) return;
  }
  const Pointers pointers(values);
  unflushed_ += pointers.bytes;
  sent(PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()), pointers.all.data(),
                           nullptr, nullptr, 0),
       wanted);
}

void PostgresSession::take(pg_result* raw) {
  PostgresResult result(raw);
  switch (PQresultStatus(raw)) {
    case PGRES_PIPELINE_SYNC:
      synced_ = true;
      return;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      if (answered_ < sent_.size() && sent_[answered_] == Wanted::result) results_.push_back(std::move(result));
      return;
    case PGRES_PIPELINE_ABORTED:
      return;
    default:
      if (!problem_) problem_ = error_of(raw);
  }
}

// What is there, without waiting. A command's results end in a null, the pipeline's end is a result without one.
void PostgresSession::take_results() {
  if (PQconsumeInput(connection_.get()) != 1) return lose(PQerrorMessage(connection_.get()));
  while (!synced_ && answered_ < sent_.size() + 1 && PQisBusy(connection_.get()) == 0) {
    if (PGresult* result = PQgetResult(connection_.get()))
      take(result);
    else if (answered_ == sent_.size())
      return;
    else
      ++answered_;
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      return lose(problem_ ? problem_->detail : PQerrorMessage(connection_.get()));
  }
}

bool PostgresSession::wait() {
  pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
  const int left = PQflush(connection_.get());
  if (left < 0) return lose(PQerrorMessage(connection_.get())), false;
  if (left > 0) socket.events |= POLLOUT;
  const Millis patience = use_ == Use::write ? limits::kPostgresPatience : limits::kPostgresReadPatience;
  const int ready = ::poll(&socket, 1, static_cast<int>(patience.count()));
  if (ready == 0) return lose("no answer within " + std::to_string(patience.count() / 1000) + " s"), false;
  return true;  // an interrupted wait is a short one
}

Result<void> PostgresSession::drain() {
  synced_ = false;
  if (!lost_ && PQpipelineSync(connection_.get()) != 1) lose(PQerrorMessage(connection_.get()));
  while (!lost_ && !synced_) {
    if (!wait()) break;
    take_results();
  }
  sent_.clear();
  answered_ = 0;
  unflushed_ = 0;
  synced_ = false;
  if (!problem_) return {};
  const Error problem = *problem_;
  if (!lost_) problem_.reset();
  return problem;
}

Result<std::vector<PostgresResult>> PostgresSession::finish() {
  const Result<void> outcome = drain();
  std::vector<PostgresResult> results = std::exchange(results_, {});
  const std::vector<std::string> preparing = std::exchange(preparing_, {});
  if (outcome) return results;
  for (const std::string& sql : preparing) prepared_.erase(sql);
  if (!lost_ && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) {
    send("ROLLBACK");
    (void)drain();
  }
  return outcome.error();
}

Result<PostgresResult> PostgresSession::ask(const std::string& sql, const std::vector<PostgresValue>& values) {
  send(sql, values, Wanted::result);
  auto results = TRY(finish());
  CHECK(results.size() == 1);
  return std::move(results.front());
}

}  // namespace cityloop
