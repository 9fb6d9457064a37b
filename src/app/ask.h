// SPDX-License-Identifier: Apache-2.0
// How a command does something to a city: through the running server's control socket when one holds the folder, otherwise by
// opening the folder itself for as long as it takes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/server.h"

namespace cityloop {

class Asker {
 public:
  static Result<std::unique_ptr<Asker>> open(const std::string& data);
  ~Asker();
  Answer act(const std::string& verb, const std::string& subject, const std::string& body);
  Answer ask(const std::string& request);   // any control request
  // Null while another process holds the folder.
  Server* server() { return server_.get(); }

 private:
  Asker() = default;
  std::string control_;
  std::unique_ptr<Server> server_;
};

}  // namespace cityloop
