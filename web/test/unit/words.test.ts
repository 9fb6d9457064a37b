// SPDX-License-Identifier: Apache-2.0
// Both languages say everything, with the same placeholders, and Chinese is written with Chinese punctuation.
import { describe, expect, it } from 'vitest';
import { dictionaries } from '@core/i18n/dictionary';

const modules = import.meta.glob(['../../src/**/*words.ts', '../../src/**/terms.ts'], { eager: true });
const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort();

describe('dictionaries', () => {
  it('are all loaded', () => {
    expect(Object.keys(modules).length).toBeGreaterThan(4);
    expect(dictionaries.length).toBeGreaterThan(10);
  });
  it.each(dictionaries.map((one, i) => [i, one] as const))('%i is complete', (_i, { zh, en }) => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
    for (const [key, text] of Object.entries(zh)) {
      expect(text.trim(), key).not.toBe('');
      expect(en[key]!.trim(), key).not.toBe('');
      expect(holes(en[key]!), key).toEqual(holes(text));
      expect(text, key).not.toMatch(/[\u4e00-\u9fff][,;!?:]/);
    }
  });
  it('English holds no Chinese, but for the names of languages and the product', () => {
    for (const { en } of dictionaries) {
      for (const [key, text] of Object.entries(en)) {
        if (['to_chinese', 'product'].includes(key)) continue;
        expect(text, key).not.toMatch(/[\u4e00-\u9fff]/);
      }
    }
  });
});
