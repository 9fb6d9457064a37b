// SPDX-License-Identifier: Apache-2.0
// A source behind a broker that the city has, through libmosquitto. The library queues a PUBACK before it calls us, but writes it
// only in loop_write: we read what is there, wait until the city has it, and only then let the library write. Where the city does
// not take it, the connection is cut instead, and the broker sends everything again.
#include <mosquitto.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>

#include "core/limits.h"
#include "edge/source_adapter.h"

namespace cityloop {

namespace {

constexpr int kKeepAlive = 30;                  // seconds
constexpr std::size_t kGathered = 2'000;        // messages offered together
constexpr Millis kFirstBack{500};
constexpr Millis kLongestBack{60'000};
constexpr int kLookEvery = 100;                 // ms: to notice stop(), and for the library's own timers

struct Broker {
  std::string host;
  int port = 1883;
  bool secure = false;
};

Result<Broker> broker_of(std::string_view url) {
  Broker broker;
  const Error bad = fail(errors::kBadField, "not an mqtt or mqtts address: " + std::string(url));
  broker.secure = url.starts_with("mqtts://");
  if (!broker.secure && !url.starts_with("mqtt://")) return bad;
  url.remove_prefix(broker.secure ? 8 : 7);
  if (url.ends_with('/')) url.remove_suffix(1);
  broker.port = broker.secure ? 8883 : 1883;
  std::size_t colon = url.rfind(':');
  if (colon != std::string_view::npos && url.find(']', colon) != std::string_view::npos) colon = std::string_view::npos;
  if (colon != std::string_view::npos) {
    const std::string_view port = url.substr(colon + 1);
    const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), broker.port);
    if (problem != std::errc() || end != port.data() + port.size() || broker.port < 1 || broker.port > 65'535) return bad;
    url = url.substr(0, colon);
  }
  if (url.starts_with('[') && url.ends_with(']')) url = url.substr(1, url.size() - 2);
  if (url.empty()) return bad;
  broker.host = url;
  return broker;
}

class MqttSource : public SourceAdapter {
 public:
  MqttSource(SourceSpec source, const SourceCity& city, SourceCounts& counts)
      : SourceAdapter(std::move(source), city, counts) {
    static std::once_flag once;
    std::call_once(once, [] { mosquitto_lib_init(); });
  }

 private:
  const MqttTransport& how() const { return std::get<MqttTransport>(source_.transport); }

  void run() override {
    Millis back = kFirstBack;
    while (!stopped()) {
      Result<void> session = converse();
      if (stopped()) return;
      disconnected(session ? "the broker closed the connection" : session.error().detail);
      if (std::exchange(worked_, false)) back = kFirstBack;
      rest(back);
      back = std::min(back * 2, kLongestBack);
    }
  }

  // One connection from its begin to its end.
  Result<void> converse() {
    const Broker broker = TRY(broker_of(how().url));
    const std::string id = how().client_id.empty() ? "cityloop-" + source_.name : how().client_id;
    struct Free {
      void operator()(mosquitto* one) const { mosquitto_destroy(one); }
    };
    // Not a clean session: what arrives while we are away waits at the broker.
    const std::unique_ptr<mosquitto, Free> client(mosquitto_new(id.c_str(), false, this));
    if (client == nullptr) return fail(errors::kInternal, "cannot make an MQTT client");
    TRY(prepare(client.get(), broker));
    const int connected = mosquitto_connect(client.get(), broker.host.c_str(), broker.port, kKeepAlive);
    if (connected != MOSQ_ERR_SUCCESS) return broken(connected);
    refused_ = 0;
    while (!stopped()) {
      const int result = turn(client.get());
      if (result != MOSQ_ERR_SUCCESS) return broken(result);
      if (refused_ != 0)
        return fail(errors::kNetwork, "the broker refuses us: " + std::string(mosquitto_connack_string(refused_)));
      if (gathered_.size() == 0) continue;
      if (!deliver(gathered_)) {
        ::shutdown(mosquitto_socket(client.get()), SHUT_RDWR);  // before the library can acknowledge
        gathered_ = {};
        return fail(errors::kOverloaded, "the city did not take what the source said");
      }
    }
    mosquitto_disconnect(client.get());
    mosquitto_loop_write(client.get(), 1);
    return {};
  }

  Error broken(int result) const {
    return fail(errors::kNetwork, "the broker " + how().url + ": " +
                                      (result == MOSQ_ERR_ERRNO ? std::string(std::strerror(errno)) : mosquitto_strerror(result)));
  }

  Result<void> prepare(mosquitto* client, const Broker& broker) {
    mosquitto_threaded_set(client, true);  // then nothing is written but by loop_write
    mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, limits::kMqttReceiveMaximum);
    if (!how().username.empty()) {
      const std::string password = how().password_env.empty() ? "" : city_.environment(how().password_env);
      mosquitto_username_pw_set(client, how().username.c_str(), password.c_str());
    }
    if (broker.secure) {
      const char* file = city_.ca_file.empty() ? nullptr : city_.ca_file.c_str();
      const char* folder = city_.ca_file.empty() ? "/etc/ssl/certs" : nullptr;
      if (mosquitto_tls_set(client, file, folder, nullptr, nullptr, nullptr) != MOSQ_ERR_SUCCESS)
        return fail(errors::kUsage, "cannot read the authorities for mqtts");
      mosquitto_tls_opts_set(client, 1, "tlsv1.2", nullptr);
    }
    mosquitto_connect_callback_set(client, [](mosquitto* one, void* self, int code) {
      static_cast<MqttSource*>(self)->on_connect(one, code);
    });
    mosquitto_message_callback_set(client, [](mosquitto*, void* self, const mosquitto_message* message) {
      static_cast<MqttSource*>(self)->on_message(*message);
    });
    return {};
  }

  void on_connect(mosquitto* client, int code) {
    refused_ = code;
    if (code != 0) return;
    worked_ = true;
    for (const std::string& topic : how().topics) mosquitto_subscribe(client, nullptr, topic.c_str(), how().qos);
    connected();
  }

  void on_message(const mosquitto_message& message) {
    const auto* payload = static_cast<const char*>(message.payload);
    if (message.retain) return;  // the last known value, heard already
    decode(gathered_, message.topic, {payload, static_cast<std::size_t>(message.payloadlen)});
  }

  // Waits a little, reads all that is there, writes what is owed from before.
  int turn(mosquitto* client) {
    if (const int wrote = mosquitto_want_write(client) ? mosquitto_loop_write(client, 1) : MOSQ_ERR_SUCCESS;
        wrote != MOSQ_ERR_SUCCESS)
      return wrote;
    pollfd one{mosquitto_socket(client), POLLIN, 0};
    if (one.fd < 0) return MOSQ_ERR_CONN_LOST;
    if (mosquitto_want_write(client)) one.events |= POLLOUT;
    bool ready = pending(client) || ::poll(&one, 1, kLookEvery) > 0;
    while (ready && (pending(client) || (one.revents & (POLLIN | POLLHUP | POLLERR)) != 0) && gathered_.size() < kGathered) {
      const int read = mosquitto_loop_read(client, 1);
      if (read != MOSQ_ERR_SUCCESS) return read;
      one.fd = mosquitto_socket(client);
      if (one.fd < 0) return MOSQ_ERR_CONN_LOST;
      ready = pending(client) || ::poll(&one, 1, 0) > 0;
    }
    return mosquitto_loop_misc(client);
  }

  static bool pending(mosquitto* client) {
    auto* ssl = static_cast<SSL*>(mosquitto_ssl_get(client));
    return ssl != nullptr && SSL_pending(ssl) > 0;
  }

  ReadingBatch gathered_;
  int refused_ = 0;
  bool worked_ = false;  // the broker let us in
};

}  // namespace

std::unique_ptr<SourceAdapter> mqtt_source(SourceSpec source, const SourceCity& city, SourceCounts& counts) {
  return std::make_unique<MqttSource>(std::move(source), city, counts);
}

}  // namespace cityloop
