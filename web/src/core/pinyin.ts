// SPDX-License-Identifier: Apache-2.0
// Chinese found by the letters that one would type for it: initials (`sphw`), whole syllables (`shaping`), or both mixed. The
// dictionary of readings is large and comes when a picker or the search is first used; before that, only the text itself is matched.
import { shallowRef } from 'vue';

export type Spell = (text: string) => string[];   // the syllables, without tones
const spell = shallowRef<Spell | null>(null);
let source: (() => Promise<Spell>) | null = null;
let loading: Promise<void> | null = null;
const kept = new Map<string, string[]>();

// Who has the dictionary says so once; pages without one find by the text alone.
export function pinyin_from(load: () => Promise<Spell>): void {
  source = load;
}
export function load_pinyin(): Promise<void> {
  if (!source) return Promise.resolve();
  loading ??= source().then((one) => void (spell.value = one), () => void (loading = null));
  return loading;
}

function syllables_of(text: string): string[] {
  if (!spell.value) return [];
  let found = kept.get(text);
  if (!found) kept.set(text, (found = spell.value(text).map((one) => one.toLowerCase())));
  return found;
}

function eats(syllables: string[], at: number, typed: string): boolean {
  if (!typed) return true;
  const one = syllables[at];
  if (!one) return false;
  for (let n = Math.min(one.length, typed.length); n > 0; n -= 1) if (one.startsWith(typed.slice(0, n)) && eats(syllables, at + 1, typed.slice(n))) return true;
  return false;
}

// 3: from the beginning, 2: from some syllable on, 1: initials with gaps, 0: not at all.
export function pinyin_rank(syllables: string[], typed: string): number {
  const words = typed.toLowerCase().replace(/[\s']/g, '');
  if (!words || !/^[a-z0-9]+$/.test(words)) return 0;
  if (eats(syllables, 0, words)) return 3;
  for (let i = 1; i < syllables.length; i += 1) if (eats(syllables, i, words)) return 2;
  let at = 0;
  for (const one of syllables) if (one[0] === words[at]) at += 1;
  return at >= words.length ? 1 : 0;
}

// How well `text` answers to what was typed; 0: not at all. The text itself counts more than its sound.
export function match_rank(text: string, typed: string): number {
  const words = typed.trim().toLowerCase();
  if (!words) return 1;
  const at = text.toLowerCase().indexOf(words);
  if (at >= 0) return at === 0 ? 6 : 5;
  return pinyin_rank(syllables_of(text), words);
}
