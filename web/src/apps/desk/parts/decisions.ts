// SPDX-License-Identifier: Apache-2.0
// Decisions of the inbox wait ten seconds before they are sent, so that U takes the last one back and nobody has seen it. Leaving
// the page sends them at once. One whose case another person changed meanwhile is not sent by itself any more: it waits for a word.
// One that fails brings its item back and says why.
import { computed, shallowRef } from 'vue';
import { second, server_now } from '@core/clock';
import type { Case, TimelineEntry } from '@core/words';
import { say, say_problem } from '@ui/toast';
import { t } from '../words';
import type { Change } from './case_work';

export const kWait = 10_000;
export interface Held { now: Case; changes: Change[]; entries: TimelineEntry[] }
export interface Decision {
  id: string;
  label: string;
  send: (rev?: number) => Promise<void>;   // with the revision that was seen, or a newer one that was looked at
  settled: (ok: boolean) => void;
}
export interface Pending extends Decision { due: number; timer: ReturnType<typeof setTimeout>; held: Held | null; sending: boolean }

export const pending = shallowRef<Pending[]>([]);
export const any_held = computed(() => pending.value.some((one) => one.held));

// Whole seconds until it is sent.
export function seconds_left(one: Pick<Pending, 'due'>, now: number): number {
  return Math.max(0, Math.ceil((one.due - now) / 1000));
}
export const left = (one: Pending): number => seconds_left(one, Math.max(second.value, server_now()));

function drop(one: Pending): void {
  clearTimeout(one.timer);
  pending.value = pending.value.filter((other) => other.id !== one.id);
}

async function send(one: Pending, rev?: number): Promise<void> {
  clearTimeout(one.timer);
  if (one.sending) return;
  one.sending = true;
  try {
    await one.send(rev);
    drop(one);
    one.settled(true);
  } catch (error) {
    say_problem(error);
    drop(one);
    one.settled(false);
  }
}

export function decide(decision: Decision): void {
  const one: Pending = { ...decision, due: server_now() + kWait, timer: setTimeout(() => void send(one), kWait), held: null, sending: false };
  pending.value = [...pending.value, one];
}

export function undo(one = pending.value.filter((each) => !each.sending).at(-1)): void {
  if (!one || one.sending || !pending.value.includes(one)) return;
  drop(one);
  one.settled(false);
  say(t('undone'), { ms: 2000 });
}

// Another person was there meanwhile: not sent until somebody who has seen the change says so.
export function hold(id: string, held: Held): void {
  const one = pending.value.find((each) => each.id === id && !each.sending);
  if (!one) return;
  clearTimeout(one.timer);
  one.held = held;
  pending.value = [...pending.value];
}
export function send_anyway(one: Pending): void {
  void send(one, one.held?.now.rev);
}

// Those nobody interfered with; the rest is given up with the page.
export function send_all(): void {
  for (const one of pending.value) if (!one.held) void send(one);
}
export function give_up_held(): void {
  for (const one of pending.value) if (one.held) drop(one);
}
