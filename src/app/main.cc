// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include <cstdio>

#include "app/commands.h"
#include "city/version.h"

using namespace cityloop;

namespace {

struct ServeTexts {
  std::string config, store, http, mqtt, packs, sources;
};

void add_serve_options(CLI::App* app, ServeCommand& command, ServeTexts& texts) {
  app->add_option("--config", texts.config, "configuration file (JSON with comments)")->type_name("FILE");
  app->add_option("--store", texts.store, "database of the journal, `postgres://…`; default: a file in the data folder")
      ->type_name("URL");
  app->add_option("--packs", texts.packs, "folder of packs; default: `packs` beside the program")->type_name("DIR");
  app->add_option("--sources", texts.sources, "folder of sources; default: `sources` in the data folder")->type_name("DIR");
  app->add_option("--http", texts.http, "where HTTP and WebSocket listen; port 0 picks a free one")->type_name("HOST:PORT");
  app->add_option("--mqtt", texts.mqtt, "where devices connect; port 0 picks a free one")->type_name("HOST:PORT");
  app->add_option("--clock", command.server.clock, "a clock of its own: RFC 3339 start, `×N` or `xN` runs N times faster")->type_name("START[×SPEED]");
}

int serve(ServeCommand& command, const ServeTexts& texts) {
  auto& config = command.server.config;
  const auto set = [&]() -> Result<void> {
    if (!texts.config.empty()) config = TRY(load_config(texts.config));
    if (!texts.http.empty()) config.http = TRY(parse_address(texts.http));
    if (!texts.mqtt.empty()) config.mqtt = TRY(parse_address(texts.mqtt));
    if (!texts.store.empty()) config.store = texts.store;
    if (!texts.packs.empty()) config.packs = texts.packs;
    if (!texts.sources.empty()) config.sources = texts.sources;
    return {};
  }();
  if (!set) {
    std::fprintf(stderr, "cityloop: %s\n", set.error().detail.c_str());
    return kExitUsage;
  }
  return run_serve(std::move(command));
}

}  // namespace

int main(int argc, char** argv) {
  ::umask(0077);  // libraries write into the data folder too, and none of it is anybody else's
  CLI::App app{"CityLoop 城循: a city's operations centre"};
  app.set_version_flag("--version", kProgramVersion);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 it did not work, 2 wrong use, 3 a store failed, 4 the folder or a port is taken.\n"
             "`cityloop COMMAND --help` explains each command.");
  int code = kExitDone;

  ServeCommand serving;
  ServeTexts texts;
  CLI::App* serve_app = app.add_subcommand("serve", "run the city on a data folder");
  serve_app->add_option("--data", serving.server.data, "data folder; made when absent")->required()->type_name("DIR");
  add_serve_options(serve_app, serving, texts);
  serve_app->callback([&] { code = serve(serving, texts); });

  ServeCommand demo;
  ServeTexts demo_texts;
  demo.demo = true;
  demo.server.data = "cityloop-demo";
  CLI::App* demo_app = app.add_subcommand("demo", "serve a simulated Chongqing: assets, sensors, people for every role");
  demo_app->add_option("--data", demo.server.data, "data folder; default: cityloop-demo")->type_name("DIR");
  demo_app->add_option("--scale", demo.scale, "of the packs' suggested numbers of assets")->check(CLI::PositiveNumber);
  demo_app->add_option("--seed", demo.seed, "of the simulation");
  demo_app->add_option("--speed", demo.speed, "of the city's clock")->check(CLI::PositiveNumber);
  add_serve_options(demo_app, demo, demo_texts);
  demo_app->callback([&] { code = serve(demo, demo_texts); });

  CheckCommand check;
  CLI::App* check_app = app.add_subcommand("check", "parse packs, compile their rules, run their examples");
  check_app->add_option("packs", check.packs, "pack files or folders; default: `packs` beside the program");
  check_app->callback([&] { code = run_check(check); });

  UserCommand user;
  CLI::App* user_app = app.add_subcommand("user", "people who may sign in");
  user_app->require_subcommand(1);
  CLI::App* add_app = user_app->add_subcommand("add", "add a person; the password comes on standard input");
  add_app->add_option("name", user.name, "sign-in name")->required();
  add_app->add_option("--role", user.role, "collector, acceptor, shift_leader, dispatcher, unit_desk, handler, inspector, evaluator, leader, "
                                           "integrator, wall, admin, security_admin, audit_admin")->required();
  add_app->add_option("--area", user.area, "area code that the person sees; default: the whole city");
  add_app->add_option("--unit", user.unit, "unit of a unit_desk or handler");
  add_app->add_option("--person", user.person, "display name");
  add_app->add_option("--data", user.data, "data folder")->required()->type_name("DIR");
  add_app->callback([&] { code = run_user_add(user); });

  UserCommand token;
  CLI::App* token_app = app.add_subcommand("token", "make an API token; the bearer token is the last line");
  token_app->add_option("name", token.name, "what it is for")->required();
  token_app->add_option("--role", token.role, "role of its bearer")->required();
  token_app->add_option("--area", token.area, "area code that it covers; default: the whole city");
  token_app->add_option("--unit", token.unit, "unit, for unit_desk and handler");
  token_app->add_option("--data", token.data, "data folder")->required()->type_name("DIR");
  token_app->callback([&] { code = run_token(token); });

  CredentialCommand credential;
  CLI::App* credential_app = app.add_subcommand("credential", "make a device's or gateway's credential; last line: id=… secret=…");
  credential_app->add_option("name", credential.name, "what it is for")->required();
  credential_app->add_option("--assets", credential.assets, "asset ids that it may send for: `septic-*`; several allowed")->required();
  credential_app->add_option("--data", credential.data, "data folder")->required()->type_name("DIR");
  credential_app->callback([&] { code = run_credential(credential); });

  ImportCommand import;
  CLI::App* import_app =
      app.add_subcommand("import", "bring in readings, reports, areas, assets, classes or the working calendar from files");
  import_app->require_subcommand(1);
  for (const char* what : {"readings", "reports", "areas", "assets", "classes", "calendar"}) {
    const std::string name = what;
    CLI::App* one = import_app->add_subcommand(
        name, name == "areas"      ? "GeoJSON polygons with code, name, parent"
              : name == "assets"   ? "GeoJSON or CSV of assets"
              : name == "classes"  ? "CSV of classes and filing standards, as standards/china.csv"
              : name == "calendar" ? "holidays, adjusted workdays and office hours, as calendars/china.jsonc"
                                   : "CSV (also .gz) by a mapping");
    one->add_option("files", import.files, "files")->required()->check(CLI::ExistingFile);
    one->add_option("--data", import.data, "data folder")->required()->type_name("DIR");
    if (name == "readings" || name == "reports") one->add_option("--map", import.map, "mapping file")->required()->check(CLI::ExistingFile);
    if (name == "readings") one->add_flag("--evaluate", import.evaluate, "run the rules over the rows and list the alarms that would have been; opens nothing");
    if (name == "reports") one->add_option("--speed", import.speed, "replay so many times faster than they came; default: at once");
    if (name == "areas") {
      one->add_option("--root", import.root, "code of the whole city's area; a folder that is made now gets it, for as long as it lives");
      one->add_option("--root-name", import.root_name, "… and its name");
    }
    one->callback([&code, &import, name] {
      import.what = name;
      code = run_import(import);
    });
  }

  WhyCommand why;
  CLI::App* why_app = app.add_subcommand("why", "why an alarm was raised");
  why_app->add_option("alarm", why.alarm, "alarm id; with --verify it may be left out: all alarms");
  why_app->add_flag("--verify", why.verify, "evaluate the stored why alone and compare");
  why_app->add_option("--data", why.data, "data folder")->required()->type_name("DIR");
  why_app->callback([&] { code = run_why(why); });

  AuditCommand audit;
  CLI::App* audit_app = app.add_subcommand("audit", "the hash-chained audit");
  audit_app->require_subcommand(1);
  CLI::App* verify_app = audit_app->add_subcommand("verify", "check every link of the chain and its anchored head");
  verify_app->add_option("--data", audit.data, "data folder")->required()->type_name("DIR");
  verify_app->add_option("--anchor", audit.anchor, "head kept outside the folder: a line of `cityloop audit head`")->type_name("NUMBER:DIGEST");
  verify_app->callback([&] { code = run_audit_verify(audit); });
  CLI::App* head_app = audit_app->add_subcommand("head", "the newest link, to be kept outside the folder");
  head_app->add_option("--data", audit.data, "data folder")->required()->type_name("DIR");
  head_app->callback([&] { code = run_audit_head(audit); });

  CopyCommand copy;
  CLI::App* backup_app = app.add_subcommand("backup", "copy a running or stopped city at one turn");
  backup_app->add_option("--data", copy.data, "data folder")->required()->type_name("DIR");
  backup_app->add_option("--to", copy.to, "folder to make")->required()->type_name("DIR");
  backup_app->callback([&] { code = run_backup(copy); });
  CLI::App* restore_app = app.add_subcommand("restore", "make a data folder from a backup: a new epoch, notices held until released");
  restore_app->add_option("--from", copy.to, "the backup")->required()->type_name("DIR");
  restore_app->add_option("--data", copy.data, "data folder to make")->required()->type_name("DIR");
  restore_app
      ->add_option("--store", copy.store,
                   "empty database for the journal, `postgres://…`; default: a file in the data folder")
      ->type_name("URL");
  restore_app->callback([&] { code = run_restore(copy); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kExitDone : kExitUsage;
  }
  return code;
}
