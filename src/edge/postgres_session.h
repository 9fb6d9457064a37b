// SPDX-License-Identifier: Apache-2.0
// libpq behind our words: a connection on which commands go out one after the other without waiting (libpq's pipeline),
// errors as Results. One thread at a time each.
//   kNotReady  the connection is lost, or the server said to come again: what was under way may or may not have
//   happened kConflict  a unique column · kHeld  the fence (`meta_fenced`) · kNoSpace  the server's disk · kUsage  the
//   URL
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.h"

struct pg_conn;
struct pg_result;

namespace cityloop {

struct PostgresClose {
  void operator()(pg_conn* connection) const;
  void operator()(pg_result* result) const;
};

using PostgresValue = std::optional<std::string>;  // in PostgreSQL's text form; nothing: NULL

// A text as PostgreSQL takes it: UTF-8 without NUL. What is neither, byte by byte, becomes U+F700 + byte (and so do the
// bytes of those characters themselves), so that every text comes back as it was; only such texts sort elsewhere than
// by their bytes.
std::string postgres_text(std::string text);
std::string text_of_postgres(std::string_view text);

class PostgresResult {
 public:
  explicit PostgresResult(pg_result* result) : result_(result) {}
  int rows() const;
  bool is_null(int row, int column) const;
  std::string_view at(int row, int column) const;  // empty when NULL
  std::int64_t integer(int row, int column) const;

 private:
  std::unique_ptr<pg_result, PostgresClose> result_;
};

class PostgresSession {
 public:
  enum class Use : std::uint8_t { write, read };
  static Result<std::unique_ptr<PostgresSession>> open(const std::string& url, Use use);

  // The server is there, but starts, stops or recovers: it will take connections soon, or not for long.
  static bool is_coming_up(const std::string& url);

  // Results that are wanted are kept for finish(); of the others only an error is looked at.
  enum class Wanted : std::uint8_t { result, success };
  void send(const std::string& sql, const std::vector<PostgresValue>& values = {}, Wanted wanted = Wanted::success);
  void send_prepared(const std::string& sql, const std::vector<PostgresValue>& values, Wanted wanted = Wanted::success);
  // Waits for everything sent. After the first failure nothing of the rest was done; an open transaction is rolled
  // back.
  Result<std::vector<PostgresResult>> finish();
  Result<PostgresResult> ask(const std::string& sql, const std::vector<PostgresValue>& values = {});  // one alone
  int backend() const;  // the server's process

 private:
  PostgresSession(pg_conn* connection, Use use) : connection_(connection), use_(use) {}
  void sent(int success, Wanted wanted);
  Result<void> settle();
  Result<void> drain();
  void take_results();
  void take(pg_result* result);
  bool wait();
  void lose(const std::string& why);

  std::unique_ptr<pg_conn, PostgresClose> connection_;
  const Use use_;
  std::vector<Wanted> sent_;   // since the last finish()
  std::size_t answered_ = 0;   // of them
  bool synced_ = false;        // the pipeline's end was answered
  std::size_t unflushed_ = 0;  // bytes, about
  std::vector<PostgresResult> results_;
  std::optional<Error> problem_;
  bool lost_ = false;
  std::unordered_map<std::string, std::string> prepared_;  // sql -> name
  std::vector<std::string> preparing_;                     // since the last finish(): forgotten when it fails
  std::uint64_t names_ = 0;
};

// The URL without its password, as `key='value' …`, which may be stored. kUsage when it is none.
Result<std::string> without_password(const std::string& url);
bool is_postgres_url(std::string_view store);  // postgres:// or postgresql://, or the stored form

}  // namespace cityloop
