// SPDX-License-Identifier: Apache-2.0
// Which formulas of the scores are in force, and who said so: the shipped ones (standards/scores.jsonc beside the program)
// until an evaluator or administrator of the whole city puts others, which then stay. City thread only.
#pragma once

#include <string>

#include "core/codec.h"
#include "core/context.h"

namespace cityloop {

class FormulaBook {
 public:
  // `formulas.put`: subject the name, body the file. `formulas.ship`: the program itself.
  static bool handles(std::string_view verb) { return verb == "formulas.put" || verb == "formulas.ship"; }
  // Takes them into force and tells them (RowPut `formulas`), or answers why not.
  Answer take(const ActionIn& in, const Actor& actor, Context& city);

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }  // empty: none
  bool shipped() const { return shipped_; }

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  std::string name_, text_;
  bool shipped_ = false;
  std::uint64_t rev_ = 0;
};

}  // namespace cityloop
