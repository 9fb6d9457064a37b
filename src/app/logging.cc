// SPDX-License-Identifier: Apache-2.0
#include "app/logging.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <filesystem>

namespace cityloop {

Result<void> start_logging(const std::string& folder, const Config& config) {
  try {
    std::filesystem::create_directories(folder);
    auto file = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(folder + "/cityloop.log", config.log_megabytes << 20, config.log_files);
    auto screen = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto logger = std::make_shared<spdlog::logger>("cityloop", spdlog::sinks_init_list{file, screen});
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    const auto level = spdlog::level::from_str(config.log_level);
    if (level == spdlog::level::off && config.log_level != "off")
      return fail(errors::kBadField, "log.level is one of trace, debug, info, warning, error, critical, off");
    logger->set_level(level);
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
  } catch (const std::exception& problem) {
    return fail(errors::kStorage, std::string("cannot write the log: ") + problem.what());
  }
  return {};
}

void log_info(const std::string& sentence) { spdlog::info(sentence); }
void log_warning(const std::string& sentence) { spdlog::warn(sentence); }
void log_error(const std::string& sentence) { spdlog::error(sentence); }

}  // namespace cityloop
