// SPDX-License-Identifier: Apache-2.0
#include "command/escalation.h"

#include <algorithm>

#include "core/register.h"

namespace cityloop {
namespace {

bool hears_of(const Receiver& receiver, const Escalations::Waiting& one, const std::string& root) {
  return !one.paused && receiver.step > 1 && wants(receiver, one.type, one.level) && in_scope(receiver.area, one.area, root) &&
         !one.told.contains(receiver.name);
}

}  // namespace

void Escalations::wait(const std::string& subject, Waiting now, const Receivers& receivers, const std::string& root) {
  const auto [found, fresh] = waiting_.try_emplace(subject);
  Waiting& one = found->second;
  if (!fresh && one.round == now.round) now.told = std::move(one.told);
  one = std::move(now);
  plan(subject, one, receivers, root);
}

void Escalations::end(const std::string& subject) {
  if (waiting_.erase(subject) != 0) unplan(subject);
}

void Escalations::pause(const std::string& subject) {
  const auto found = waiting_.find(subject);
  if (found == waiting_.end()) return;
  found->second.paused = true;
  unplan(subject);
}

const Escalations::Waiting* Escalations::find(std::string_view subject) const {
  const auto found = waiting_.find(subject);
  return found == waiting_.end() ? nullptr : &found->second;
}

std::vector<Escalations::Call> Escalations::take_due(Time now, const Receivers& receivers, const std::string& root) {
  std::vector<Call> calls;
  while (!due_.empty() && due_.begin()->first <= now) {
    const std::string subject = due_.begin()->second;
    Waiting& one = waiting_.find(subject)->second;
    const std::size_t from = calls.size();
    for (const auto& [name, receiver] : receivers) {
      if (!hears_of(receiver, one, root) || one.since + receiver.after > now) continue;
      calls.push_back({subject, name, one.type, receiver.step, now - one.since});
    }
    for (std::size_t i = from; i < calls.size(); ++i) one.told.insert(calls[i].receiver);
    std::stable_sort(calls.begin() + static_cast<std::ptrdiff_t>(from), calls.end(),
                     [](const Call& a, const Call& b) { return a.step < b.step; });
    plan(subject, one, receivers, root);
  }
  return calls;
}

void Escalations::replan(const Receivers& receivers, const std::string& root) {
  due_.clear();
  due_at_.clear();
  for (const auto& [subject, one] : waiting_) plan(subject, one, receivers, root);
}

void Escalations::plan(const std::string& subject, const Waiting& one, const Receivers& receivers, const std::string& root) {
  unplan(subject);
  Time earliest = Time::max();
  for (const auto& [name, receiver] : receivers)
    if (hears_of(receiver, one, root)) earliest = std::min(earliest, one.since + receiver.after);
  if (earliest == Time::max()) return;
  due_.emplace(earliest, subject);
  due_at_.emplace(subject, earliest);
}

void Escalations::unplan(const std::string& subject) {
  const auto found = due_at_.find(subject);
  if (found == due_at_.end()) return;
  due_.erase({found->second, subject});
  due_at_.erase(found);
}

}  // namespace cityloop
