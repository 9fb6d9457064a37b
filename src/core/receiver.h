// SPDX-License-Identifier: Apache-2.0
// Who is told of what, how and when: one configured receiver of notices. Parsed from the configuration or the API, kept in the city's
// state, read by the sender. A receiver names its secrets and never holds one.
#pragma once

#include <boost/json/fwd.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/words.h"

namespace cityloop {

enum class Channel : std::uint8_t { webhook, smtp, wecom, dingtalk, sms };
std::string_view channel_name(Channel channel);
std::optional<Channel> channel_of(std::string_view name);

// Where a secret stands: an environment variable `CITYLOOP_…`, or a file: a plain name lies in DATA/secrets, a path only
// the configuration may give. At most one of them is set.
struct SecretName {
  std::string env;
  std::string file;
  bool is_given() const { return !env.empty() || !file.empty(); }
};

struct QuietHours {               // notices of a level below `below` wait; red never does
  Level below = Level::red;
  int from = 0;                   // minutes of the city's day; from > to: over midnight
  int to = 0;
};

struct MailServer {
  std::string url;                // smtps://host:465, or smtp://host:587 with STARTTLS
  std::string user;               // empty: no sign-in; else the receiver's `secret` is the password
  std::string from;               // mailbox
  std::string name;               // shown before it
  bool tls_required = true;       // false: STARTTLS where it is offered, and then no sign-in
};

// One HTTP request to an SMS gateway. {phone} {text} {id} {secret} {token} are filled in, escaped for where they stand.
struct SmsRequest {
  std::string method = "POST";
  std::string url;
  std::string type = "application/json";  // or application/x-www-form-urlencoded
  std::map<std::string, std::string> headers;
  std::string body;
  std::string ok_field;           // member of the JSON answer that must be `ok_value`; empty: HTTP 2xx is enough
  std::string ok_value;
  int most = 300;                 // characters of the text
};

struct Receiver {
  std::string name;
  Channel channel = Channel::webhook;
  std::string target;              // URL, mailbox or phone number
  std::string area;                // hears of subjects in areas that start with this; empty or root: all
  std::vector<std::string> types;  // prefixes of notice types; none: see wants()
  Level least = Level::none;
  std::string language = "zh";     // or en
  std::vector<QuietHours> quiet;
  Millis give_up_after = std::chrono::hours(24);
  int step = 1;                    // 2…: hears only of what nobody has taken up `after` it was made known
  Millis after{0};
  SecretName secret;               // webhook and dingtalk: signs; wecom: the robot's key; smtp: the password
  SecretName token;                // dingtalk: the access token
  std::string ca_file;             // PEM; empty: the system's authorities
  MailServer mail;
  SmsRequest sms;
};

enum class Trust : std::uint8_t { api, configuration };  // paths on the machine come from its configuration only

// kUnknownField, kMissingField, kWrongType, kBadField, each naming the field. `name` wins over the body's.
Result<Receiver> parse_receiver(const boost::json::object& body, std::string_view name, Trust trust);
// As parse_receiver reads it again, with the names of secrets and no value of one. `url` repeats an HTTP target.
std::string receiver_doc(const Receiver& receiver);

// Whether a notice of this type and level is for it. Without types: all but `city.alarm.raised`, whose cases are told already.
bool wants(const Receiver& receiver, std::string_view type, Level level);

// The end of the quiet hours that cover `at`; `at` itself when it may go.
Time quiet_until(const Receiver& receiver, Level level, Time at, Millis utc_offset);

}  // namespace cityloop
