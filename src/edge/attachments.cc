// SPDX-License-Identifier: Apache-2.0
#include "edge/attachments.h"

#include <algorithm>

#include "core/limits.h"
#include "edge/disk.h"
#include "edge/picture.h"
#include "edge/secrets.h"

namespace cityloop {
namespace {

constexpr const char* kClean = "attachments";
constexpr const char* kOriginals = "originals";

// Only what sha256_hex gives: no other path can be named.
bool is_digest(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Result<std::unique_ptr<Attachments>> Attachments::create(const std::string& folder) {
  for (const char* family : {kClean, kOriginals}) {
    const std::string path = folder + "/" + family;
    TRY(make_folder(path));
    for (const std::string& name : TRY(names_in(path))) {
      if (name.ends_with(".tmp")) TRY(remove_file(path + "/" + name));
    }
  }
  TRY(sync_folder(folder));
  return std::unique_ptr<Attachments>(new Attachments(folder));
}

Result<std::string> Attachments::put(const std::string& family, std::string_view bytes) const {
  std::string digest = sha256_hex(bytes);
  const std::string root = folder_ + "/" + family, shelf = root + "/" + digest.substr(0, 2), path = shelf + "/" + digest.substr(2);
  if (!exists(shelf)) {
    TRY(make_folder(shelf));
    TRY(sync_folder(root));
  }
  if (exists(path)) TRY(sync_folder(shelf));  // another thread may have renamed it and not yet synced
  else TRY(put_file(path, bytes, root + "/" + std::to_string(asides_++) + ".tmp"));
  return digest;
}

Result<Attachment> Attachments::keep(std::string_view bytes, std::string by, Time at, Millis utc_offset) const {
  if (bytes.size() > limits::kAttachmentBytes) {
    return fail(errors::kTooLarge, "an attachment has at most " + std::to_string(limits::kAttachmentBytes >> 20) + " MiB");
  }
  const Picture picture = TRY(clean_picture(bytes, utc_offset));
  Attachment kept;
  if (picture.clean != bytes) kept.original = TRY(put(kOriginals, bytes));
  kept.id = TRY(put(kClean, picture.clean));
  kept.type = picture.type;
  kept.bytes = picture.clean.size();
  kept.by = std::move(by);
  kept.at = at;
  kept.taken_place = picture.taken.place;
  kept.taken_at = picture.taken.at;
  return kept;
}

Result<Attachments::Found> Attachments::get(const std::string& family, std::string_view digest) const {
  if (!is_digest(digest)) return fail(errors::kNotFound, "there is no such attachment");
  const std::string path = folder_ + "/" + family + "/" + std::string(digest.substr(0, 2)) + "/" + std::string(digest.substr(2));
  if (!exists(path)) return fail(errors::kNotFound, "there is no such attachment");
  Found found;
  found.bytes = TRY(read_file(path, limits::kAttachmentBytes));
  if (sha256_hex(found.bytes) != digest) return fail(errors::kCorrupt, "the attachment " + std::string(digest) + " is damaged on the disk");
  found.type = picture_type(found.bytes);
  return found;
}

Result<Attachments::Found> Attachments::read(std::string_view id) const { return get(kClean, id); }
Result<Attachments::Found> Attachments::read_original(std::string_view digest) const { return get(kOriginals, digest); }

}  // namespace cityloop
