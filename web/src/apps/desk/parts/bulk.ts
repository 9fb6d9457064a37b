// SPDX-License-Identifier: Apache-2.0
// Many cases at once: which actions the server offers for at least one of them, and one action on all of these, in slices that the
// server takes one case at a time, with what became of each.
import { post, Problem } from '@core/api';
import { why_not } from '@core/alarm_actions';
import type { Case, Offer } from '@core/words';

// As core/limits_desk.h and core/limits.h have them.
const kActed = 200;
const kRead = 1000;

export interface Choice { offer: Offer; can: Case[]; cannot: { file: Case; why: string }[] }
export interface Outcome { file: Case; ok: boolean; error?: unknown; why?: string; skipped?: boolean }
export type Progress = (done: number) => void;

interface BulkOffer { name: string; fields: string[]; required: string[]; can: string[]; cannot: { code: string; why_not: string; cases: string[] }[] }
interface BulkOffers { items: BulkOffer[]; unread: string[] }
interface BulkItem { no: string; status: number; rev?: number; code?: string; detail?: string }

function* slices<T>(rows: readonly T[], size: number): Generator<T[]> {
  for (let i = 0; i < rows.length; i += size) yield rows.slice(i, i + size);
}

// What each allows, most cases first. The fields of an action are those that any of its cases needs.
export async function read_choices(files: readonly Case[], progress: Progress, stop: () => boolean): Promise<{ choices: Choice[]; unread: Case[] }> {
  const by_no = new Map(files.map((one) => [one.no, one]));
  const found = new Map<string, Choice>();
  const unread: Case[] = [];
  let done = 0;
  for (const slice of slices(files, kRead)) {
    if (stop()) break;
    const said = await post<BulkOffers>('/cases:offers', { cases: slice.map((one) => one.no) });
    for (const offer of said.items) join(found, offer, by_no);
    unread.push(...said.unread.map((no) => by_no.get(no)!));
    progress((done += slice.length));
  }
  const missing = new Set(unread.map((one) => one.no));
  for (const choice of found.values()) {
    const told = new Set([...choice.can, ...choice.cannot.map((one) => one.file)].map((one) => one.no));
    for (const file of files) if (!told.has(file.no) && !missing.has(file.no)) choice.cannot.push({ file, why: '' });
  }
  return { choices: [...found.values()].sort((a, b) => b.can.length - a.can.length), unread };
}

function join(found: Map<string, Choice>, more: BulkOffer, by_no: Map<string, Case>): void {
  const known = found.get(more.name) ?? { offer: { name: more.name, enabled: true, fields: [], required: [] }, can: [], cannot: [] };
  known.offer.fields = [...new Set([...(known.offer.fields as string[]), ...more.fields])];
  known.offer.required = [...new Set([...(known.offer.required ?? []), ...more.required])];
  known.can.push(...more.can.map((no) => by_no.get(no)!));
  for (const { code, why_not: sentence, cases } of more.cannot) {
    const why = why_not({ name: more.name, enabled: false, code, why_not: sentence }) ?? '';
    known.cannot.push(...cases.map((no) => ({ file: by_no.get(no)!, why })));
  }
  found.set(more.name, known);
}

// `stop` is asked before each slice; what was not begun is told as skipped. A slice whose answer was lost may have been done: the
// revision keeps it from being done twice.
export async function act_on_many(files: readonly Case[], action: string, body: Record<string, unknown>, progress: Progress, stop: () => boolean): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const slice of slices(files, kActed)) {
    if (stop()) {
      outcomes.push(...slice.map((file) => ({ file, ok: false, skipped: true })));
      continue;
    }
    try {
      const said = await post<{ items: BulkItem[] }>('/cases:act', { ...body, action, cases: slice.map(({ no, rev }) => ({ no, rev })) });
      const by_no = new Map(said.items.map((one) => [one.no, one]));
      outcomes.push(...slice.map((file) => outcome(file, by_no.get(file.no))));
    } catch (error) {
      outcomes.push(...slice.map((file) => ({ file, ok: false, error })));
    }
    progress(outcomes.length);
  }
  return outcomes;
}

function outcome(file: Case, said: BulkItem | undefined): Outcome {
  if (said && said.status < 400) return { file, ok: true };
  return { file, ok: false, error: new Problem(said?.status ?? 0, said?.code ?? 'network.unreachable', said?.detail ?? '') };
}
