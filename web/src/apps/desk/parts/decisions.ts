// SPDX-License-Identifier: Apache-2.0
// Decisions of the inbox wait ten seconds before they are sent, so that U takes the last one back and nobody has seen it.
// Leaving the page sends them at once; one that fails brings its item back and says why.
import { shallowRef } from 'vue';
import { say, say_problem, dismiss } from '@ui/toast';
import { t } from '../words';

const kWait = 10_000;
export interface Decision { id: string; label: string; send: () => Promise<void>; settled: (ok: boolean) => void }
interface Pending extends Decision { timer: ReturnType<typeof setTimeout>; toast: number }

export const pending = shallowRef<Pending[]>([]);

function drop(one: Pending): void {
  clearTimeout(one.timer);
  dismiss(one.toast);
  pending.value = pending.value.filter((other) => other !== one);
}

async function send(one: Pending): Promise<void> {
  clearTimeout(one.timer);
  dismiss(one.toast);
  try {
    await one.send();
    one.settled(true);
  } catch (error) {
    say_problem(error);
    one.settled(false);
  } finally {
    drop(one);
  }
}

export function decide(decision: Decision): void {
  const one: Pending = { ...decision, timer: setTimeout(() => void send(one), kWait), toast: 0 };
  one.toast = say(decision.label, { ms: kWait, action: { label: t('undo'), perform: () => undo(one) } });
  pending.value = [...pending.value, one];
}

export function undo(one = pending.value.at(-1)): void {
  if (!one || !pending.value.includes(one)) return;
  drop(one);
  one.settled(false);
  say(t('undone'), { ms: 2000 });
}

export function send_all(): void {
  for (const one of pending.value) void send(one);
}
