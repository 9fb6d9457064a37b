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
  // The configuration counts for a folder that is made now.
  static Result<std::unique_ptr<Asker>> open(const std::string& data, Config config = {});
  ~Asker();
  Answer act(const std::string& verb, const std::string& subject, const std::string& body);
  Answer ask(const std::string& request);   // any control request that answers like an action
  Answer take(ReadingsIn readings);         // a batch of an import: any age, gives way to what is live
  struct Tables {
    Register assets;
    std::shared_ptr<const Packs> packs;
  };
  Result<Tables> tables();                  // a copy, as of now
  // Null while another process holds the folder.
  Server* server() { return server_.get(); }

 private:
  Asker() = default;
  Result<std::string> exchange(const std::string& request);
  std::string control_;
  std::unique_ptr<Server> server_;
};

}  // namespace cityloop
