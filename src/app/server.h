// SPDX-License-Identifier: Apache-2.0
// The whole program wired together on one data folder: stores, city, loop, API, doors. Command-line tools open the same thing
// without doors when no server holds the folder, and talk through its control socket when one does (control.h).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/config.h"
#include "city/loop.h"
#include "core/result.h"

namespace cityloop {

struct ServerOptions {
  std::string data;          // folder; made when absent
  Config config;
  std::string clock;         // `START[×SPEED]`, empty: the machine's
  bool demo = false;
};

// Control requests that are not JSON: see Server::control.
inline constexpr std::string_view kAskReadings = "readings ";
inline constexpr std::string_view kAskTables = "tables";

class Server {
 public:
  // Opens the folder, recovers, loads the packs, makes `admin` on the first start (its password goes to `say`).
  static Result<std::unique_ptr<Server>> open(ServerOptions options, std::function<void(const std::string&)> say);
  ~Server();

  Result<void> listen();     // HTTP, WebSocket, MQTT, sources, outbox, control socket
  void stop();               // doors first, then a checkpoint
  std::uint16_t http_port() const;
  std::uint16_t mqtt_port() const;

  // An administrator's deed, answered once it is in the Journal.
  Answer act(const std::string& verb, const std::string& subject, const std::string& body);
  Answer take(Input input);  // waits for the answer; tries again while the inbox is full
  Result<std::string> backup(const std::string& to);       // JSON report; the folder must not exist
  std::string control(const std::string& request);         // one request of a command-line tool (ask.h)

  Loop& loop();
  const Journal& journal() const;
  History& history();
  Time now() const;
  bool is_fresh() const;     // this start made the folder
  std::string data_folder() const;
  std::string geo_folder() const;
  std::string random_password();
  std::string hash_password(const std::string& password);
  std::string random_hex(std::size_t bytes);
  std::string metrics() const;

 private:
  struct Parts;
  Answer do_deed(const std::string& request);
  Answer take_import(std::string_view encoded);
  std::string encoded_tables();
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Folder of the running program, for `packs`, `web` and `geo` beside it.
std::string program_folder();
// All packs of a folder: name -> text. kUsage when there is none.
Result<std::map<std::string, std::string>> read_packs(const std::string& folder);

}  // namespace cityloop
