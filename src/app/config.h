// SPDX-License-Identifier: Apache-2.0
// The configuration file (JSON with comments; docs/cityloop.sample.jsonc is its documentation and a test loads it) parsed once
// into plain values. Command-line options win over the file, the file over the defaults here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace cityloop {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};
Result<Address> parse_address(std::string_view text);  // `127.0.0.1:8080`, `[::1]:0`

struct Config {
  Address http{"127.0.0.1", 8080};
  Address mqtt{"127.0.0.1", 1883};
  std::string tls_certificate, tls_key;   // PEM files; both or none
  std::string packs, web, geo;            // folders; empty: beside the program
  std::string calendar;                   // file; empty: calendars/china.jsonc beside the program
  std::string sources;                    // folder; empty: `sources` in the data folder
  std::string store;  // of the Journal: `postgres://…`; empty: in the data folder, or where that says
  std::string root_area = "50";
  std::string root_name = "重庆市";
  Millis utc_offset = std::chrono::hours(8);
  int threads = 2;                        // for HTTP and WebSocket
  Millis checkpoint_every = std::chrono::minutes(5);
  Millis contact_kept = std::chrono::days(365);  // who reported, after the last of their cases was closed
  std::string log_level = "info";
  std::uint64_t log_megabytes = 20;       // one log file
  std::uint64_t log_files = 10;           // kept
  std::string public_url;                 // of the city as its people reach it: for links in messages; empty: none
  struct Receiver {                       // core/receiver.h has its form
    std::string name;
    std::string body;                     // as `receiver.put` takes it
    std::string secret;                   // of a webhook, where it stands here in clear
  };
  std::vector<Receiver> receivers;
};

// Unknown keys are errors that name the nearest known one.
Result<Config> parse_config(std::string_view text);
Result<Config> load_config(const std::string& path);

}  // namespace cityloop
