// SPDX-License-Identifier: Apache-2.0
// The commands of the program, each parsed by main.cc into one of these. They return the process's exit code:
// 0 done · 1 it did not work (the sentence is on standard error) · 2 wrong use · 3 the disk or another store failed, at
// the start or while serving · 4 another process holds the folder or a port.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "app/server.h"

namespace cityloop {

inline constexpr int kExitDone = 0, kExitFailed = 1, kExitUsage = 2, kExitStore = 3, kExitHeld = 4;

struct ServeCommand {
  ServerOptions server;
  bool demo = false;
  double scale = 1;
  double speed = 1;
  std::uint64_t seed = 1;
};
int run_serve(ServeCommand command);

struct CheckCommand {
  std::vector<std::string> packs;   // files or folders; empty: beside the program
};
int run_check(const CheckCommand& command);

struct UserCommand {
  std::string data, name, role, area, unit, person;
};
int run_user_add(const UserCommand& command);          // password on standard input
int run_token(const UserCommand& command);             // the bearer token alone on the last line
struct CredentialCommand {
  std::string data, name;
  std::vector<std::string> assets;
};
int run_credential(const CredentialCommand& command);  // last line `id=… secret=…`

struct ImportCommand {
  std::string data, what, map, root, root_name;
  std::vector<std::string> files;
  bool evaluate = false;
  double speed = 0;                 // reports: replayed so many times faster than they came; 0: at once
};
int run_import(const ImportCommand& command);

struct WhyCommand {
  std::string data, alarm;
  bool verify = false;
  bool all = false;
};
int run_why(const WhyCommand& command);

struct AuditCommand {
  std::string data, anchor;
};
int run_audit_verify(const AuditCommand& command);
int run_audit_head(const AuditCommand& command);       // for anchoring outside the folder

struct CopyCommand {
  std::string data, to;
  std::string store;  // of a restore
};
int run_backup(const CopyCommand& command);
int run_restore(const CopyCommand& command);

}  // namespace cityloop
