// SPDX-License-Identifier: Apache-2.0
#include "serve/engine.h"

namespace cityloop::serve {

const std::vector<Route>& routes() {
  static const std::vector<Route> kRoutes = [] {
    std::vector<Route> out;
    add_session_routes(out);
    add_city_routes(out);
    add_asset_routes(out);
    add_state_routes(out);
    add_history_routes(out);
    add_ingest_routes(out);
    add_alarm_routes(out);
    add_report_routes(out);
    add_intake_routes(out);
    add_case_routes(out);
    add_bulk_routes(out);
    add_shift_routes(out);
    add_class_routes(out);
    add_attachment_routes(out);
    add_setup_routes(out);
    add_notice_routes(out);
    add_score_routes(out);
    add_access_routes(out);
    add_public_routes(out);
    add_public_report_routes(out);
    add_partner_routes(out);
    return out;
  }();
  return kRoutes;
}

}  // namespace cityloop::serve
