// SPDX-License-Identifier: Apache-2.0
// A connected system: one commented file sources/<name>.jsonc says how it is reached, what its payload looks like and which
// of our assets its devices are (docs/how-to/connect-a-source.md). Immutable once parsed; decode_source is pure, any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/message.h"
#include "core/pack.h"
#include "core/result.h"
#include "sense/path.h"
#include "sense/time_text.h"

namespace cityloop {

struct MqttTransport {           // we subscribe at a broker the city has
  std::string url;               // mqtt://host:1883, mqtts://host:8883
  std::vector<std::string> topics;
  int qos = 1;
  std::string client_id;
  std::string username;
  std::string password_env;      // name of the environment variable that holds the password
};
struct HttpTransport {           // we ask
  std::string url;
  std::string method = "GET";
  std::string body;              // of a POST
  Millis interval{60'000};
  std::string token_env;         // environment variable of the bearer token
  std::map<std::string, std::string> headers;
  std::string next;              // path of the next page's URL or cursor in the answer; empty: one page
  std::string next_parameter;    // query parameter that takes the cursor; empty: `next` is a URL
  int pages = 100;               // asked for at most in one round
};
struct FolderTransport {         // files appear
  std::string path;
  std::string pattern = "*";
  Millis interval{10'000};
  bool move = false;             // `after`: move (into done/) or keep
};
struct PushTransport {};         // it sends to our own API or MQTT listener

enum class PayloadForm : std::uint8_t { json, ndjson, csv };

struct SourcePoint {
  std::string name;              // our point
  Path path;                     // JSON path, or column name
  Decimal scale{1, 0};           // ours = theirs * scale + offset, in decimals: nothing is rounded
  Decimal offset{};
  std::string unit;              // theirs, for people
};

struct CsvForm {
  char delimiter = ',';
  bool decimal_comma = false;
  std::vector<std::string> missing{""};  // cells that mean nothing was measured
};

struct SourceDecode {
  PayloadForm form = PayloadForm::json;
  Path items;                    // array of messages in the payload; empty: the payload itself
  std::string asset_constant;    // one of constant, path, topic pattern
  Path asset_path;
  std::string asset_topic;       // `vendor/+/{device}/up`
  Path at;                       // empty: arrival
  TimeForm at_form;
  std::vector<SourcePoint> values;
  CsvForm csv;
};

struct SourceSpec {
  std::string name;
  Words title;
  std::variant<PushTransport, MqttTransport, HttpTransport, FolderTransport> transport;
  SourceDecode decode;
  std::map<std::string, std::string, std::less<>> ids;  // external id -> asset
  std::string id_template;       // `septic-{device}`; empty: only what `ids` names
  std::string crs = "wgs84";     // of places it tells: wgs84, gcj02, bd09
  std::string owner_unit;
  Millis expected_interval{0};   // 0: no expectation, never late
  std::vector<double> sentinels; // values that mean missing, before scaling
  std::string text;              // the file as JSON, without comments

  std::string_view transport_name() const;
};

// kBadField, kUnknownField (naming the nearest known key), kMissingField, kWrongType, kBadJson.
Result<SourceSpec> parse_source(std::string_view name, std::string_view text);

// One payload of the source. `topic` is empty where the transport has none. kUndecodable (with the reason) when the payload
// has another form; a single message that cannot be read, or that maps to no asset (kUnmapped), is a Flaw of the batch.
Result<ReadingBatch> decode_source(const SourceSpec& source, std::string_view topic, std::string_view payload);

// Where `topic` fits the pattern: what stands at {device}; nothing where it does not fit. `+` is one level, `#` the rest.
std::optional<std::string> device_of_topic(std::string_view pattern, std::string_view topic);

}  // namespace cityloop
