// SPDX-License-Identifier: Apache-2.0
#include "core/errors.h"

namespace cityloop {

std::span<const Code* const> all_codes() {
  using namespace errors;
  static constexpr const Code* kAll[] = {
      &kInternal, &kBadRequest, &kBadJson, &kTooDeep, &kWrongType, &kMissingField, &kBadField, &kUnknownField, &kBadTime,
      &kTooLarge, &kHeadersTooLarge, &kTargetTooLong, &kTooMany, &kBadRange, &kUnsupportedMedia, &kMethodNotAllowed, &kNotFound, &kUnknownParameter, &kBadParameter, &kBadIfMatch, &kTimeout, &kRateLimited, &kOverloaded,
      &kNotReady, &kReadOnly, &kNoSpace, &kStorage, &kCorrupt, &kNewerData, &kOlderLog, &kHeld, &kNetwork, &kUsage,
      &kUnauthenticated, &kBadCredentials, &kLocked, &kCsrf, &kForbidden, &kForeignArea, &kForeignAsset, &kMustChange, &kWeakPassword,
      &kPreconditionRequired, &kStale, &kNotAllowed, &kUnknownAction, &kConflict, &kKeyReused,
      &kUnknownAsset, &kRetiredAsset, &kUnknownPoint, &kOutOfRange, &kNotANumber, &kSentinel, &kFuture, &kTooOld,
      &kEmptyReading, &kBadAssetId, &kUnknownKind, &kUnknownRecord, &kRecordNeedsIdentity, &kUndecodable, &kUnmapped,
      &kBadPack, &kBadExpression, &kBadImage,
  };
  return kAll;
}

}  // namespace cityloop
