// SPDX-License-Identifier: Apache-2.0
// How a command-line tool speaks with the server that holds the folder: a Unix socket (0600) in it, one request and one answer a
// connection, each a length (4 bytes, big-endian) and its bytes. Only the same user or root is heard. The server answers one
// request after the other on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "core/time.h"

namespace cityloop {

class ControlServer {
 public:
  // `path` is DataFolder::control(); the folder must be held. The handler runs on the server's thread.
  static Result<std::unique_ptr<ControlServer>> create(const std::string& path, std::function<std::string(const std::string& request)> handler);
  virtual ~ControlServer() = default;  // finishes the request it works on
};

// kNetwork: no server listens there, or it did not answer in time.
Result<std::string> ask_control(const std::string& path, const std::string& request, Millis timeout);

}  // namespace cityloop
