// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { make_table } from '@core/store/table';

interface Row { id: string; rev: number; open: boolean }
const table = () => make_table<Row>({ id: (one) => one.id, stamp: (one) => one.rev, keep: (one) => one.open });
const row = (id: string, rev: number, open = true): Row => ({ id, rev, open });

describe('a live table', () => {
  it('never lets an older document replace a newer one', () => {
    const t = table();
    t.upsert(row('a', 5));
    expect(t.upsert(row('a', 4))).toBe(false);
    expect(t.get('a')?.rev).toBe(5);
  });
  it('lets go of what no longer belongs', () => {
    const t = table();
    t.upsert(row('a', 5));
    t.upsert(row('a', 6, false));
    expect(t.get('a')).toBeUndefined();
  });
  it('diffs a snapshot: adds, changes, removes, and keeps what changed after it was taken', () => {
    const t = table();
    t.upsert(row('gone', 1));
    t.upsert(row('same', 2));
    t.upsert(row('young', 90));
    const { added, changed, removed } = t.replace([row('same', 2), row('new', 3)], 50);
    expect(added.map((one) => one.id)).toEqual(['new']);
    expect(changed).toEqual([]);
    expect(removed.map((one) => one.id)).toEqual(['gone']);
    expect([...t.rows.keys()].sort()).toEqual(['new', 'same', 'young']);
  });
});
