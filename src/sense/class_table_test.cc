// SPDX-License-Identifier: Apache-2.0
#include "sense/class_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>


namespace cityloop {
namespace {

const std::string kHeader =
    "scheme,type,code,name,duty,local,radius_m,hours,condition,filing,closing,limit,limit_b,limit_c,from,until\n";

ClassTable read(const std::string& lines) {
  const Result<ClassTable> table = read_class_table(kHeader + lines);
  EXPECT_TRUE(table.has_value());
  return table ? *table : ClassTable{};
}

TEST(ClassTable, OneLineACondition) {
  const ClassTable table = read(
      "GB2013,component,0303,化粪池,sanitation,,30,12,1,井盖缺失,恢复,4UH,8UH,,2026-01-01,\n"
      "GB2013,component,0303,,,,,,2,\"外溢, 满\",清掏,1WD,,,,2026-06-30\n");
  EXPECT_TRUE(table.bad.size() == 1 && table.classes.empty()) << "the name is on every line";
  const ClassTable good = read(
      "GB2013,component,0303,化粪池,sanitation,,30,12,1,井盖缺失,恢复,4UH,8UH,,2026-01-01,\n"
      "GB2013,component,0303,化粪池,,,,,2,\"外溢, 满\",清掏,1WD,,,,2026-06-30\n");
  ASSERT_EQ(good.bad.size(), 0u);
  ASSERT_EQ(good.classes.size(), 1u);
  const ClassStandard& klass = good.classes.front();
  EXPECT_EQ(klass.duty, "sanitation");
  EXPECT_EQ(klass.radius_m, 30);
  EXPECT_EQ(klass.hours, 12);
  ASSERT_EQ(klass.conditions.size(), 2u);
  EXPECT_EQ(klass.conditions[1].filing, "外溢, 满");
  EXPECT_EQ(limit_of(klass.conditions[0], "B"), "8UH");
  EXPECT_EQ(limit_of(klass.conditions[0], "C"), "4UH") << "an empty column is grade A's";
  EXPECT_EQ(conditions_on(klass, "2025-12-31").size(), 1u);
  EXPECT_EQ(conditions_on(klass, "2026-01-01").size(), 2u);
  EXPECT_EQ(conditions_on(klass, "2026-06-30").size(), 2u);
  EXPECT_EQ(conditions_on(klass, "2026-07-01").size(), 1u);
}

TEST(ClassTable, ABadLineIsToldAndLeavesItsClassOut) {
  const auto refused = [](const std::string& cells, std::string_view word) {
    const ClassTable table = read("GB2013,event,0110,暴露垃圾,,,,,1,满溢,清除,4WH,,,,\n" + cells);
    EXPECT_EQ(table.bad.size(), 1u) << cells;
    if (table.bad.empty()) return;
    EXPECT_NE(table.bad.front().why.detail.find(word), std::string::npos) << table.bad.front().why.detail;
    EXPECT_EQ(table.bad.front().line, 3u);
  };
  refused("GB2013,thing,0101,x,,,,,1,f,c,1WD,,,,\n", "type");
  refused("GB 2013,event,0101,x,,,,,1,f,c,1WD,,,,\n", "scheme");
  refused("GB2013,event,,x,,,,,1,f,c,1WD,,,,\n", "code");
  refused("GB2013,event,0101,,,,,,1,f,c,1WD,,,,\n", "name");
  refused("GB2013,event,0101,x,,2,,,1,f,c,1WD,,,,\n", "local");
  refused("GB2013,event,0101,x,,,-1,,1,f,c,1WD,,,,\n", "radius_m");
  refused("GB2013,event,0101,x,,,,soon,1,f,c,1WD,,,,\n", "hours");
  refused("GB2013,event,0101,x,,,,,1,f,c,,,,,\n", "limit");
  refused("GB2013,event,0101,x,,,,,1,f,c,3 days,,,,\n", "limit");
  refused("GB2013,event,0101,x,,,,,1,f,c,0WD,,,,\n", "limit");
  refused("GB2013,event,0101,x,,,,,1,f,c,1WD,,2XX,,\n", "limit");
  refused("GB2013,event,0101,x,,,,,1,,c,1WD,,,,\n", "filing");
  refused("GB2013,event,0101,x,,,,,,f,c,1WD,,,,\n", "condition");
  refused("GB2013,event,0101,x,,,,,1,f,c,1WD,,,2026-02-30,\n", "from");
  refused("GB2013,event,0101,x,,,,,1,f,c,1WD,,,2026-02-01,2026-01-01\n", "until");
  const ClassTable twice = read(
      "GB2013,event,0101,x,,,,,1,f,c,1WD,,,,\n"
      "GB2013,event,0101,x,,,,,1,g,c,2WD,,,,\n");
  EXPECT_EQ(twice.bad.size(), 1u);
  EXPECT_TRUE(twice.classes.empty()) << "half a class files cases wrongly";
  const ClassTable later = read(
      "GB2013,event,0101,x,,,,,1,f,c,1WD,,,,2025-12-31\n"
      "GB2013,event,0101,x,,,,,1,f,c,2WD,,,2026-01-01,\n");
  EXPECT_TRUE(later.bad.empty()) << "the same condition with another limit from a day on";
  EXPECT_FALSE(read_class_table("type,code,name\n").has_value());
  EXPECT_FALSE(read_class_table("scheme,type,code,name,colour\n").has_value());
  EXPECT_FALSE(read_class_table("").has_value());
}

TEST(ClassTable, TheShippedTableIsWholeAndEveryLimitIsOne) {
  std::ifstream file(std::string(CITYLOOP_SOURCE_DIR) + "/standards/china.csv");
  std::stringstream text;
  text << file.rdbuf();
  const Result<ClassTable> table = read_class_table(text.str());
  ASSERT_TRUE(table.has_value());
  for (const BadRow& row : table->bad) ADD_FAILURE() << "line " << row.line << ": " << row.why.detail;
  std::set<std::string> keys;
  std::size_t conditions = 0;
  for (const ClassStandard& klass : table->classes) {
    keys.insert(class_key(klass.code));
    conditions += klass.conditions.size();
    for (const Condition& one : klass.conditions) EXPECT_FALSE(one.closing.empty()) << class_key(klass.code);
  }
  EXPECT_EQ(keys.size(), table->classes.size());
  EXPECT_GT(conditions, 250u);
  // The traps of domain.md §1.4 and §1.6: the same thing under another number in the other scheme.
  const auto name = [&](const std::string& key) {
    for (const ClassStandard& klass : table->classes)
      if (class_key(klass.code) == key) return klass.name;
    return std::string();
  };
  EXPECT_EQ(name("GB2013/component/0303"), "化粪池");
  EXPECT_EQ(name("CJT214/component/0302"), "化粪池");
  EXPECT_EQ(name("GB2013/component/0137"), "路灯");
  EXPECT_EQ(name("CJT214/component/0118"), "路灯");
  EXPECT_EQ(name("GB2013/event/0506"), "道路积水");
  EXPECT_EQ(name("CJT214/event/0406"), "道路积水");
}

}  // namespace
}  // namespace cityloop
