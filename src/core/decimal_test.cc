// SPDX-License-Identifier: Apache-2.0
#include "core/decimal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/context.h"

namespace cityloop {
namespace {

TEST(Decimal, KeepsWhatWasSent) {
  EXPECT_EQ(parse_decimal("1.25").value(), (Decimal{125, 2}));
  EXPECT_EQ(parse_decimal("1.250").value(), (Decimal{125, 2}));
  EXPECT_EQ(parse_decimal("-0.004").value(), (Decimal{-4, 3}));
  EXPECT_EQ(parse_decimal("100").value(), (Decimal{1, -2}));
  EXPECT_EQ(parse_decimal("12e-1").value(), (Decimal{12, 1}));
  EXPECT_EQ(parse_decimal("1E3").value(), (Decimal{1, -3}));
  EXPECT_EQ(parse_decimal("0").value(), Decimal{});
  EXPECT_EQ(parse_decimal("-0.000e9").value(), Decimal{});
  EXPECT_EQ(parse_decimal("0e99999999").value(), Decimal{});
  EXPECT_EQ(parse_decimal("1e18").value(), (Decimal{1, -18}));
  EXPECT_EQ(parse_decimal("1e-18").value(), (Decimal{1, 18}));
}

TEST(Decimal, RoundsBeyondSeventeenDigits) {
  EXPECT_EQ(parse_decimal("1.23456789012345678").value(), (Decimal{12345678901234568, 16}));
  EXPECT_EQ(parse_decimal("0.00000000000000000149").value(), (Decimal{1, 18}));
  EXPECT_EQ(parse_decimal("99999999999999999.9").value(), (Decimal{1, -17}));
  EXPECT_EQ(parse_decimal("123456789012345678").value(), (Decimal{12345678901234568, -1}));
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "-", "+1", ".5", "1.", "01", "1e", "1e+", "NaN", "Infinity", "0x1", "1 ", " 1", "1,5", "1e19",
                           "1.1e18", "9e-19", "1e999999999999", "--1", "1e1.5"}) {
    const auto value = parse_decimal(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, &errors::kNotANumber) << text;
  }
}

TEST(Decimal, PrintsPlainly) {
  EXPECT_EQ(format_decimal({125, 2}), "1.25");
  EXPECT_EQ(format_decimal({-4, 3}), "-0.004");
  EXPECT_EQ(format_decimal({1, -2}), "100");
  EXPECT_EQ(format_decimal({}), "0");
  EXPECT_EQ(format_decimal({-15, 1}), "-1.5");
}

TEST(Decimal, NumberIsTheNearestDouble) {
  EXPECT_EQ(parse_decimal("0.1").value().number(), 0.1);
  EXPECT_EQ(parse_decimal("106.50384612345678").value().number(), 106.50384612345678);
  EXPECT_EQ(parse_decimal("12345678901234567").value().number(), 12345678901234567.0);
  EXPECT_EQ((Decimal{1, -18}).number(), 1e18);
}

// Any double that sensors send survives; random ones show it, seeded so that a failure stands still.
TEST(Decimal, ShortestDecimalReadsBack) {
  Chance chance(7);
  for (int i = 0; i < 20'000; ++i) {
    const double value = (static_cast<double>(chance.next() >> 11) / 9007199254740992.0 - 0.5) * std::pow(10, i % 12);
    const Decimal decimal = decimal_of(value);
    if (std::abs(value) > 0.1) {
      ASSERT_EQ(decimal.number(), value) << i;
    }
    ASSERT_EQ(parse_decimal(format_decimal(decimal)).value(), decimal) << i;
    ASSERT_TRUE(decimal.scale >= -18 && decimal.scale <= 18);
  }
  EXPECT_EQ(decimal_of(0.1), (Decimal{1, 1}));
  EXPECT_EQ(decimal_of(-0.0), Decimal{});
  EXPECT_EQ(decimal_of(1e-300), Decimal{});
  EXPECT_EQ(decimal_of(-1e300), (Decimal{-1, -18}));
  EXPECT_EQ(decimal_of(std::numeric_limits<double>::denorm_min()), Decimal{});
}

}  // namespace
}  // namespace cityloop
