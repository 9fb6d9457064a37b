// SPDX-License-Identifier: Apache-2.0
// What a person chose last, newest first; kept in the browser, each person's own.
import { session } from './api';

const kMost = 8;
const key_of = (name: string): string => `cityloop.recent.${session.value?.user.name ?? ''}.${name}`;

export function recent(name: string): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key_of(name)) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(key_of(name), JSON.stringify([value, ...recent(name).filter((one) => one !== value)].slice(0, kMost)));
  } catch {
    // private windows: not remembered
  }
}
