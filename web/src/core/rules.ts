// SPDX-License-Identifier: Apache-2.0
// Thresholds to draw beside a value: read from a rule's expressions where they are plain comparisons of the shown point.
import type { Level, PackRule } from './words';

export interface Threshold { level: Level; operator: string; value: number }

const kComparison = /([A-Za-z_]\w*)(?:\[[^\]]*\])?\s*\)*\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)/g;

export function thresholds(rule: PackRule | undefined, point: string | undefined): Threshold[] {
  if (!rule || !point) return [];
  const found: Threshold[] = [];
  for (const { level, expr } of rule.levels) {
    for (const [, name, operator, value] of expr.matchAll(kComparison)) {
      if (name === point) found.push({ level, operator: operator!, value: Number(value) });
    }
  }
  return found;
}

// A rule's title is the template of an alarm's: up to its first hole it names the rule.
export function rule_title(template: string | undefined, alert: string): string {
  const words = (template ?? '').split(/\{\{/)[0]!.replace(/[\s(（:：,，-]+$/, '').trim();
  return words || alert;
}

export function sign_of(operator: string): string {
  return { '>=': '≥', '<=': '≤' }[operator] ?? operator;
}
