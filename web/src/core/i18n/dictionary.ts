// SPDX-License-Identifier: Apache-2.0
// The two languages. Chinese is the source; English must have the same keys, or it does not compile.
// `language` is reactive: changing it turns every visible word at once, without a reload.
import { ref, watchEffect } from 'vue';

export type Language = 'zh' | 'en';
export type Parameters = Record<string, string | number>;
export interface Dictionary {
  zh: Record<string, string>;
  en: Record<string, string>;
}

const kStored = 'cityloop.language';

function first(): Language {
  const asked = typeof location === 'undefined' ? null : new URLSearchParams(location.search).get('lang');
  if (asked === 'zh' || asked === 'en') return asked;
  return read() === 'en' ? 'en' : 'zh';
}

function read(): string | null {
  try {
    return localStorage.getItem(kStored);
  } catch {
    return null;
  }
}

export const language = ref<Language>(first());

export function set_language(next: Language): void {
  language.value = next;
  try {
    localStorage.setItem(kStored, next);
  } catch {
    // Private windows without storage: the choice lasts as long as the page.
  }
}

if (typeof document !== 'undefined') {
  watchEffect(() => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
  });
}

export function fill(text: string, parameters?: Parameters): string {
  return parameters ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole)) : text;
}

// Every dictionary ever made, so that one test can hold them all to completeness.
export const dictionaries: Dictionary[] = [];

export type Translate<K extends string> = (key: K, parameters?: Parameters) => string;

export function dictionary<Z extends Record<string, string>>(
  zh: Z,
  en: { [K in keyof Z]: string },
): Translate<keyof Z & string> {
  dictionaries.push({ zh, en });
  return (key, parameters) => fill((language.value === 'zh' ? zh : en)[key], parameters);
}

// A pair that came from the server (`title_zh`, `title_en`): the chosen one, or whichever exists.
export function either(zh: string | null | undefined, en: string | null | undefined): string {
  return (language.value === 'zh' ? zh || en : en || zh) ?? '';
}
