// SPDX-License-Identifier: Apache-2.0
// The table of classes and 立结案标准 as CSV, in and out: one line a condition, the class's own columns on its first line;
// docs/how-to/set-class-standards.md lists the columns. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/class_standard.h"
#include "core/result.h"

namespace cityloop {

struct BadRow {
  std::uint64_t line = 0;
  std::string klass;  // key, where it could be read
  Error why;
};
struct ClassTable {
  std::vector<ClassStandard> classes;  // in order of their first line; one with a bad line is left out whole
  std::vector<BadRow> bad;
};

// Fails when the header lacks a needed column.
Result<ClassTable> read_class_table(std::string_view csv);

// `DocumentRow`s of the read model `classes`: its document, as GET /classes answers it.
std::string class_doc(const ClassStandard& klass);

}  // namespace cityloop
