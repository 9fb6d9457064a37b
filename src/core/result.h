// SPDX-License-Identifier: Apache-2.0
// What a fallible function gives back, and the two macros of the house.
// Any room, any thread. Error names one entry of the table in errors.h and adds a sentence for a person.
#pragma once

#include <boost/system/result.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

#include "core/errors.h"

namespace cityloop {

struct Error {
  const Code* code = &errors::kInternal;  // never null; points into the static table
  std::string detail;                     // one sentence: what is wrong and what to do

  friend bool operator==(const Error&, const Error&) = default;
};

[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  std::fprintf(stderr, "unchecked error: %.*s: %s\n", static_cast<int>(error.code->name.size()),
               error.code->name.data(), error.detail.c_str());
  std::abort();
}

template <class T>
using Result = boost::system::result<T, Error>;

inline Error fail(const Code& code, std::string detail) { return Error{&code, std::move(detail)}; }

}  // namespace cityloop

// Our own mistakes only, never anything that arrived from outside. On in release.
#define CHECK(condition)                                                                    \
  do {                                                                                      \
    if (!(condition)) {                                                                     \
      std::fprintf(stderr, "CHECK failed: %s at %s:%d\n", #condition, __FILE__, __LINE__); \
      std::abort();                                                                         \
    }                                                                                       \
  } while (false)

// Statement expression: the value of a Result, or return its error from the enclosing function. May be nested.
#define TRY(expression) TRY_AS_(expression, __COUNTER__)
#define TRY_AS_(expression, number) TRY_NAMED_(expression, number)
#define TRY_NAMED_(expression, number)                                           \
  __extension__({                                                                \
    auto try_result_##number = (expression);                                     \
    if (!try_result_##number.has_value()) return try_result_##number.error();    \
    std::move(try_result_##number).value();                                      \
  })
