// SPDX-License-Identifier: Apache-2.0
// The one table of problem codes: stable name (RFC 9457 `code`), HTTP status, title. A code's name never changes.
// Whoever needs a new one adds a line here; metrics, OpenAPI and documents read the same table.
#pragma once

#include <span>
#include <string_view>

namespace cityloop {

struct Code {
  std::string_view name;   // `family.reason`, stable for ever
  int status;              // HTTP status
  std::string_view title;  // short English title
};

namespace errors {

inline constexpr Code kInternal{"internal", 500, "Internal error"};

// the request itself
inline constexpr Code kBadRequest{"request.malformed", 400, "The request is not well formed"};
inline constexpr Code kBadJson{"json.malformed", 400, "The body is not valid JSON"};
inline constexpr Code kTooDeep{"json.too_deep", 400, "The JSON is nested too deeply"};
inline constexpr Code kWrongType{"json.wrong_type", 422, "A member has the wrong type"};
inline constexpr Code kMissingField{"field.missing", 422, "A required field is missing"};
inline constexpr Code kBadField{"field.invalid", 422, "A field has an invalid value"};
inline constexpr Code kUnknownField{"field.unknown", 422, "A field is not known"};
inline constexpr Code kBadTime{"time.malformed", 422, "The time is not RFC 3339 or epoch milliseconds"};
inline constexpr Code kTooLarge{"request.too_large", 413, "The request is too large"};
inline constexpr Code kHeadersTooLarge{"request.headers_too_large", 431, "The request's head is too large"};
inline constexpr Code kTargetTooLong{"request.target_too_long", 414, "The request's address is too long"};
inline constexpr Code kTooMany{"request.too_many", 413, "The request has too many items"};
inline constexpr Code kBadRange{"request.bad_range", 416, "The range lies outside the file"};
inline constexpr Code kUnsupportedMedia{"request.unsupported_media_type", 415, "The media type is not supported"};
inline constexpr Code kMethodNotAllowed{"request.method_not_allowed", 405, "The method is not allowed here"};
inline constexpr Code kNotFound{"not_found", 404, "Not found"};
inline constexpr Code kUnknownParameter{"query.unknown", 400, "A query parameter is not known"};
inline constexpr Code kBadParameter{"query.invalid", 400, "A query parameter has an invalid value"};
inline constexpr Code kBadIfMatch{"precondition.malformed", 400, "If-Match must be one quoted revision"};
inline constexpr Code kTimeout{"request.timeout", 408, "The request took too long to arrive"};
inline constexpr Code kRateLimited{"rate.limited", 429, "Too many requests"};
inline constexpr Code kOverloaded{"server.overloaded", 503, "The server is overloaded"};
inline constexpr Code kNotReady{"server.not_ready", 503, "The server is not ready"};
inline constexpr Code kReadOnly{"server.read_only", 503, "The server accepts no writes now"};
inline constexpr Code kNoSpace{"storage.no_space", 507, "Storage is short of space"};
inline constexpr Code kStorage{"storage.failed", 500, "Storage failed"};
inline constexpr Code kCorrupt{"storage.corrupt", 500, "Stored data is damaged"};
inline constexpr Code kNewerData{"storage.newer_version", 500, "The data was written by a newer program"};
inline constexpr Code kOlderLog{"storage.older_log", 500, "The uncut log was written by an older program"};
inline constexpr Code kHeld{"storage.held", 409, "Another process holds the data folder"};
inline constexpr Code kNetwork{"network.failed", 502, "The network or the peer failed"};
inline constexpr Code kUsage{"usage", 400, "The command line is not right"};

// access
inline constexpr Code kUnauthenticated{"auth.required", 401, "Sign in first"};
inline constexpr Code kBadCredentials{"auth.wrong", 401, "Name or password is wrong"};
inline constexpr Code kLocked{"auth.locked", 429, "Too many failed sign-ins; wait"};
inline constexpr Code kCsrf{"auth.csrf", 403, "The CSRF token is missing or wrong"};
inline constexpr Code kForbidden{"auth.forbidden", 403, "Your role may not do this"};
inline constexpr Code kForeignArea{"auth.foreign_area", 403, "Outside your area"};
inline constexpr Code kForeignAsset{"auth.foreign_asset", 403, "This credential does not cover the asset"};
inline constexpr Code kMustChange{"auth.must_change", 403, "Change your password first"};
inline constexpr Code kWeakPassword{"auth.weak_password", 422, "The password is too weak"};

// concurrency
inline constexpr Code kPreconditionRequired{"precondition.required", 428, "Send If-Match with the revision you saw"};
inline constexpr Code kStale{"precondition.stale", 412, "Somebody changed it since you read it"};
inline constexpr Code kNotAllowed{"action.not_allowed", 409, "The action is not allowed now"};
inline constexpr Code kUnknownAction{"action.unknown", 422, "There is no such action"};
inline constexpr Code kConflict{"conflict", 409, "It conflicts with what exists"};
inline constexpr Code kKeyReused{"idempotency.reused", 409, "This Idempotency-Key was used for another request"};

// sense
inline constexpr Code kUnknownAsset{"reading.unknown_asset", 422, "The asset is not in the register"};
inline constexpr Code kRetiredAsset{"reading.retired_asset", 422, "The asset is retired"};
inline constexpr Code kUnknownPoint{"reading.unknown_point", 422, "The asset's kind has no such point"};
inline constexpr Code kOutOfRange{"reading.out_of_range", 422, "The value is outside the physical range"};
inline constexpr Code kNotANumber{"reading.not_a_number", 422, "The value is not a finite number"};
inline constexpr Code kSentinel{"reading.sentinel", 422, "The value is the source's sign for missing"};
inline constexpr Code kFuture{"reading.in_future", 422, "The time is too far in the future"};
inline constexpr Code kTooOld{"reading.too_old", 422, "The time is too far in the past"};
inline constexpr Code kEmptyReading{"reading.empty", 422, "The message has no usable value"};
inline constexpr Code kBadAssetId{"asset.bad_id", 422, "Asset ids are [A-Za-z0-9._:-]{1,128}"};
inline constexpr Code kUnknownKind{"asset.unknown_kind", 422, "No pack describes this kind"};
inline constexpr Code kUnknownRecord{"record.unknown_kind", 422, "No pack describes this record kind"};
inline constexpr Code kRecordNeedsIdentity{"record.needs_identity", 422, "A record needs `id` or `at`"};
inline constexpr Code kUndecodable{"payload.undecodable", 422, "The payload does not have the expected form"};
inline constexpr Code kUnmapped{"payload.unmapped", 422, "The source's mapping gives no asset for this"};

// packs and rules
inline constexpr Code kBadPack{"pack.invalid", 422, "The pack is not valid"};
inline constexpr Code kBadExpression{"rule.bad_expression", 422, "The rule expression is not valid"};

// attachments
inline constexpr Code kBadImage{"attachment.bad_type", 415, "Only JPEG, PNG and WebP pictures are accepted"};

}  // namespace errors

// Every code above, for documents, metrics and tests.
std::span<const Code* const> all_codes();

}  // namespace cityloop
