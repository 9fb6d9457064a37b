// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Case } from '@core/words';
import { holds, type Shape } from '@map/geometry';
import { pinyin_rank } from '@core/pinyin';
import { newer } from '@core/presence';
import { case_operations, what_changed } from '../../src/apps/desk/parts/case_work';
import { decide, hold, pending, seconds_left, send_all, send_anyway, undo, kWait } from '../../src/apps/desk/parts/decisions';

const file = (more: Partial<Case> = {}): Case => ({ no: '1', stage: 'pending_dispatch', title: 'x', area: '50', rev: 3, opened_at: '2026-01-01T00:00:00Z', ...more });
const entry = (seq: number, more = {}): NonNullable<Case['timeline']>[number] => ({ seq, at: `2026-01-01T00:0${seq}:00Z`, actor: 'user:li', actor_name: '李', action: 'dispatch', ...more });

describe('found by pinyin', () => {
  const place = ['sha', 'ping', 'ba', 'qu', 'pai', 'shui', 'suo'];
  it('takes initials, whole syllables and both mixed, and counts the beginning more', () => {
    expect(pinyin_rank(place, 'spb')).toBe(3);
    expect(pinyin_rank(place, 'shapingb')).toBe(3);
    expect(pinyin_rank(place, 'sPing')).toBe(3);
    expect(pinyin_rank(place, 'ps')).toBe(2);
    expect(pinyin_rank(place, 'qpaishui')).toBe(2);
    expect(pinyin_rank(place, 'sbs')).toBe(1);
  });
  it('finds nothing for other letters, Chinese, or more than there is', () => {
    for (const typed of ['', 'xyz', '沙', 'spbqpssx', 'bsp']) expect(pinyin_rank(place, typed)).toBe(0);
    expect(pinyin_rank([], 'a')).toBe(0);
  });
});

describe('decisions that wait', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    pending.value = [];
  });
  afterEach(() => vi.useRealTimers());
  const decision = (id = '1') => {
    const send = vi.fn(async (_rev?: number) => {});
    const settled = vi.fn();
    decide({ id, label: id, send, settled });
    return { send, settled };
  };
  it('sends nothing before the ten seconds have run out, and then once', async () => {
    const { send, settled } = decision();
    await vi.advanceTimersByTimeAsync(kWait - 1);
    expect(send).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(send).toHaveBeenCalledTimes(1);
    expect(settled).toHaveBeenCalledWith(true);
    expect(pending.value).toEqual([]);
  });
  it('takes the last one back, and only that', async () => {
    const first = decision('1');
    const second = decision('2');
    undo();
    expect(second.settled).toHaveBeenCalledWith(false);
    await vi.advanceTimersByTimeAsync(kWait);
    expect(first.send).toHaveBeenCalledTimes(1);
    expect(second.send).not.toHaveBeenCalled();
  });
  it('holds one that another person interfered with, also when the page is left', async () => {
    const held = decision('1');
    const free = decision('2');
    hold('1', { now: file({ rev: 7 }), changes: [], entries: [] });
    await vi.advanceTimersByTimeAsync(kWait - 1);
    send_all();
    await vi.advanceTimersByTimeAsync(kWait);
    expect(held.send).not.toHaveBeenCalled();
    expect(free.send).toHaveBeenCalledTimes(1);
    send_anyway(pending.value[0]!);
    await vi.advanceTimersByTimeAsync(0);
    expect(held.send).toHaveBeenCalledWith(7);
  });
  it('is not sent twice, and not taken back while it is on its way', async () => {
    let done = (): void => {};
    const send = vi.fn(() => new Promise<void>((resolve) => (done = resolve)));
    const settled = vi.fn();
    decide({ id: '1', label: '1', send, settled });
    send_all();
    send_all();
    undo();
    expect(send).toHaveBeenCalledTimes(1);
    expect(settled).not.toHaveBeenCalled();
    done();
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).toHaveBeenCalledWith(true);
  });
  it('counts whole seconds down to nothing', () => {
    expect([0, 1, 9000, 9001, 12_000].map((now) => seconds_left({ due: 10_000 }, now))).toEqual([10, 10, 1, 1, 0]);
  });
});

describe('what another person changed', () => {
  it('names each field with who and when', () => {
    const before = file({ timeline: [entry(1)], unit: null });
    const now = file({ rev: 5, stage: 'pending_handle', unit: 'u2', unit_name: '排水', urgency: 'urgent', timeline: [entry(1), entry(2, { actor_name: '王', from: 'pending_dispatch', to: 'pending_handle', fields: { unit: 'u2' } }), entry(3, { actor_name: '赵', action: 'set', fields: { urgency: 'urgent' } })] });
    const { changes, entries } = what_changed(before, now);
    expect(entries.map((one) => one.seq)).toEqual([2, 3]);
    expect(changes.map((one) => `${one.field} ${one.by}`)).toEqual(['stage 王', 'unit 王', 'urgency 赵']);
    expect(changes[1]).toMatchObject({ before: '—', now: '排水', at: '2026-01-01T00:02:00Z' });
  });
  it('says nothing when nothing changed', () => {
    expect(what_changed(file(), file())).toEqual({ changes: [], entries: [] });
  });
});

describe('keys of a case', () => {
  it('keeps the letter of the main step beside Enter, shown once', () => {
    const offers = [{ name: 'verify', enabled: true }, { name: 'reject', enabled: true }];
    const operations = case_operations(file({ stage: 'verifying', actions: offers }), () => {});
    expect(operations.filter((one) => !one.hidden).map((one) => `${one.id} ${one.key}`)).toEqual(['verify Enter', 'reject r']);
    expect(operations.filter((one) => one.hidden).map((one) => one.key)).toEqual(['v']);
  });
});

describe('who is here', () => {
  const heard = (n: number, subject: string) => ({ n, subject, people: [] });
  it('ignores other cases and words that were overtaken', () => {
    const now = heard(4, 'a');
    expect(newer(null, heard(1, 'b'), 'a')).toBeNull();
    expect(newer(now, heard(3, 'a'), 'a')).toBe(now);
    expect(newer(now, heard(4, 'a'), 'a')).toBe(now);
    expect(newer(now, heard(5, 'a'), 'a')?.n).toBe(5);
    expect(newer(now, heard(1, 'b'), 'b')?.subject).toBe('b');
  });
});

describe('a shape', () => {
  const square: Shape = { type: 'Polygon', coordinates: [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]] };
  it('holds what lies in it, not what lies in its holes', () => {
    expect(holds(square, [3, 3])).toBe(true);
    expect(holds(square, [1.5, 1.5])).toBe(false);
    expect(holds(square, [5, 3])).toBe(false);
  });
});
