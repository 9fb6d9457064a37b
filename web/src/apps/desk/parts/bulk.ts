// SPDX-License-Identifier: Apache-2.0
// Many cases at once: which actions the server offers for at least one of them, and taking one action on each, one after the
// other, with what became of each.
import { why_not } from '@core/alarm_actions';
import type { Case, Offer } from '@core/words';

export const kMostAtOnce = 500;

export interface Choice { offer: Offer; can: Case[]; cannot: { file: Case; why: string }[] }

// Most cases first. The fields are those of the first case that allows the action; where others need more, theirs are added.
export function choices_of(files: readonly Case[]): Choice[] {
  const found = new Map<string, Choice>();
  for (const file of files) {
    for (const offer of file.actions ?? []) {
      if (!offer.enabled) continue;
      const known = found.get(offer.name);
      if (known) {
        known.can.push(file);
        known.offer = joined(known.offer, offer);
      } else found.set(offer.name, { offer, can: [file], cannot: [] });
    }
  }
  for (const choice of found.values()) {
    for (const file of files) {
      const offer = file.actions?.find((one) => one.name === choice.offer.name);
      if (!offer?.enabled) choice.cannot.push({ file, why: offer ? (why_not(offer) ?? '') : '' });
    }
  }
  return [...found.values()].sort((a, b) => b.can.length - a.can.length);
}

function joined(a: Offer, b: Offer): Offer {
  const name_of = (one: NonNullable<Offer['fields']>[number]): string => (typeof one === 'string' ? one : one.name);
  const names = new Set((a.fields ?? []).map(name_of));
  const fields = [...(a.fields ?? []), ...(b.fields ?? []).filter((one) => !names.has(name_of(one)))];
  const required = [...new Set([...(a.required ?? []), ...(b.required ?? [])])];
  return { ...a, fields, ...(a.required || b.required ? { required } : {}) };
}

export interface Outcome { file: Case; ok: boolean; error?: unknown; skipped?: boolean }

// `stop` is asked before each; what was not begun is told as skipped.
export async function act_on_each(files: readonly Case[], act: (file: Case) => Promise<unknown>, progress: (done: number) => void, stop: () => boolean): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const file of files) {
    if (stop()) {
      outcomes.push({ file, ok: false, skipped: true });
      continue;
    }
    try {
      await act(file);
      outcomes.push({ file, ok: true });
    } catch (error) {
      outcomes.push({ file, ok: false, error });
    }
    progress(outcomes.length);
  }
  return outcomes;
}

// Runs `work` over the rows, `at_once` of them together; the answers keep the order.
export async function in_turns<T, R>(rows: readonly T[], at_once: number, work: (row: T) => Promise<R>): Promise<R[]> {
  const out = new Array<R>(rows.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < rows.length; i = next++) out[i] = await work(rows[i]!);
  };
  await Promise.all(Array.from({ length: Math.min(at_once, rows.length) }, worker));
  return out;
}
