// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "serve/engine.h"
#include "serve/list.h"
#include "serve/multipart.h"
#include "serve/project.h"

namespace cityloop::serve {
namespace {

constexpr RoleSet kSeers = kCrew | roles(Role::integrator);
// Where a picture was taken tells where a person was: the desk only.
constexpr RoleSet kPlaceSeers = roles(Role::acceptor, Role::shift_leader, Role::dispatcher, Role::inspector, Role::leader, Role::admin);

std::string public_doc(const Attachment& attachment, bool with_place) {
  JsonWriter out;
  out.begin_object().member("id", attachment.id).member("type", attachment.type).member("bytes", attachment.bytes);
  out.member("url", "/api/v1/attachments/" + attachment.id).member("at", attachment.at);
  if (with_place) out.member("by", attachment.by).member_or_null("taken_place", attachment.taken_place).member_or_null("taken_at", attachment.taken_at);
  return out.end_object().take();
}

// Where the same picture was used before, which the city may have forgotten; empty: nowhere.
Result<std::string> area_of_use(const Call& call, const std::string& id) {
  const auto row = TRY(call.city().journal->find("attachments", id));
  if (!row) return std::string();
  return TRY(attachment_of_doc(row->doc)).area;
}

void keep(Call& call) {
  std::string type(call.request.header("content-type"));
  std::string bytes = std::move(call.request.body);
  if (type.starts_with("multipart/form-data")) {
    const auto file = single_file(type, bytes);
    if (!file) return call.refuse(file.error());
    type = file->type;
    bytes = std::string(file->bytes);
  }
  if (bytes.empty()) return call.refuse(fail(errors::kBadImage, "the body is empty"));
  if (bytes.size() > limits::kAttachmentBytes) return call.refuse(fail(errors::kTooLarge, "a picture has at most 12 MiB"));
  auto kept = call.city().keep_attachment(std::move(bytes), type);
  if (!kept) return call.refuse(kept.error());
  // The digest stands for the bytes, so that a repeat with the same key is recognised.
  call.request.body = kept->id;
  kept->by = call.caller.principal;
  kept->at = call.now();
  JsonWriter body;
  body.begin_object().member("id", kept->id).member("type", kept->type).member("bytes", kept->bytes);
  body.member_or_null("taken_place", kept->taken_place).member_or_null("taken_at", kept->taken_at);
  body.member("original", kept->original);
  const auto area = area_of_use(call, kept->id);
  if (!area) return call.refuse(area.error());
  if (!area->empty()) body.member("area", *area);
  body.end_object();
  offer(call, {"attachment.add", kept->id, body.take(), 0,
               [attachment = *kept](Call& c, const Answer&) { c.answer_json(201, public_doc(attachment, false)); }});
}

Result<Attachment> visible(const Call& call) {
  Attachment attachment = TRY(attachment_of_doc(TRY(call.find_row("attachments", call.arg())).doc));
  const bool mine = attachment.by == call.caller.principal;
  if (!mine && !call.sees(attachment.area)) return fail(errors::kForeignArea, "this picture belongs to a case outside your area");
  return attachment;
}

Result<HttpResponse> show(const Call& call) {
  const Attachment attachment = TRY(visible(call));
  if (TRY(flag_parameter(call, "meta", false))) {
    const auto& held = call.caller.actor.roles;
    const bool place = std::any_of(held.begin(), held.end(), [](Role role) { return (kPlaceSeers & bit(role)) != 0; });
    return json_response(200, public_doc(attachment, place));
  }
  HttpResponse response;
  response.body = TRY(call.city().read_attachment(attachment.id));
  const bool known = attachment.type == "image/jpeg" || attachment.type == "image/png" || attachment.type == "image/webp";
  response.headers.emplace_back("Content-Type", known ? attachment.type : "application/octet-stream");
  response.headers.emplace_back("Content-Disposition", std::string(known ? "inline" : "attachment") + "; filename=\"" + attachment.id + "\"");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; sandbox");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  response.headers.emplace_back("Cache-Control", "private, max-age=86400, immutable");
  return response;
}

}  // namespace

void add_attachment_routes(std::vector<Route>& out) {
  out.insert(out.end(), {
    {"POST", "/api/v1/attachments", "A picture: its bytes, or multipart with one file", kSeers, Scope::own, "", "*", "Attachment", keep, true},
    {"GET", "/api/v1/attachments/{id}", "The picture; meta=true: what is known of it", kSeers, Scope::item, "meta", "", "*", [](Call& c) { c.settle(show(c)); }, true},
  });
}

}  // namespace cityloop::serve
