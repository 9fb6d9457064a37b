// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { apply, kNoFeed, overdue, type Feed, type LiveEvent } from '@core/feed';

const ev = (seq: number, prev?: number): LiveEvent => ({ t: 'ev', seq, k: 'alarm.new', d: { n: seq }, ts: { src: 0, in: 0, out: 0 }, ...(prev === undefined ? {} : { prev }) });
const at = (seq: number): Feed => ({ ...kNoFeed, epoch: 'e1', seq });
const seqs = (events: LiveEvent[]): number[] => events.map((one) => one.seq);

describe('events in order', () => {
  it('delivers the next and remembers it', () => {
    const done = apply(at(4), ev(5));
    expect(seqs(done.deliver)).toEqual([5]);
    expect(done.feed.seq).toBe(5);
  });
  it('does nothing with a duplicate', () => {
    const done = apply(at(4), ev(4));
    expect(done.deliver).toEqual([]);
    expect(done.feed.seq).toBe(4);
  });
  it('follows numbers that the server links by prev', () => {
    expect(seqs(apply(at(4), ev(9, 4)).deliver)).toEqual([9]);
    expect(seqs(apply(at(4), ev(9, 0)).deliver)).toEqual([9]);
  });
});

describe('a gap', () => {
  it('holds what comes after it, and delivers in order once it is filled', () => {
    let done = apply(at(4), ev(7));
    expect(done.gap).toBe(true);
    expect(done.deliver).toEqual([]);
    done = apply(done.feed, ev(6));
    expect(done.deliver).toEqual([]);
    done = apply(done.feed, ev(5));
    expect(seqs(done.deliver)).toEqual([5, 6, 7]);
    expect(done.gap).toBe(false);
    expect(done.feed.held).toEqual([]);
  });
  it('asks for the missing ones when the timer runs out', () => {
    const held = apply(at(4), ev(7)).feed;
    const first = overdue(held);
    expect(first.ask).toBe(4);
    expect(first.deliver).toEqual([]);
    const filled = apply(apply(first.feed, ev(5)).feed, ev(6));
    expect(filled.feed.seq).toBe(7);
    expect(seqs(filled.deliver)).toEqual([6, 7]);
  });
  it('learns that numbers are sparse when nothing was missing', () => {
    const second = overdue(overdue(apply(at(4), ev(7)).feed).feed);
    expect(second.ask).toBeNull();
    expect(seqs(second.deliver)).toEqual([7]);
    expect(second.feed.sparse).toBe(true);
    expect(seqs(apply(second.feed, ev(20)).deliver)).toEqual([20]);
  });
  it('a real gap shown by prev is held even when numbers are sparse', () => {
    const done = apply({ ...at(4), sparse: true }, ev(20, 11));
    expect(done.gap).toBe(true);
    expect(done.deliver).toEqual([]);
  });
});

describe('resume and reset', () => {
  it('takes a first welcome as the place to start, with a snapshot', () => {
    const done = apply(kNoFeed, { t: 'welcome', epoch: 'e1', seq: 40, now: 0 });
    expect(done.snapshot).toBe(true);
    expect(done.feed).toMatchObject({ epoch: 'e1', seq: 40 });
  });
  it('goes on where it was in the same epoch', () => {
    const done = apply(at(40), { t: 'welcome', epoch: 'e1', seq: 90, now: 0 });
    expect(done.snapshot).toBe(false);
    expect(done.feed.seq).toBe(40);
    const resumed = apply(done.feed, { t: 'resumed', from: 40, to: 90 });
    expect(resumed.feed.seq).toBe(40);
    expect(seqs(apply(resumed.feed, ev(41)).deliver)).toEqual([41]);
  });
  it('starts anew in another epoch', () => {
    const done = apply(at(40), { t: 'welcome', epoch: 'e2', seq: 3, now: 0 });
    expect(done.snapshot).toBe(true);
    expect(done.feed).toMatchObject({ epoch: 'e2', seq: 3, held: [] });
  });
  it('a reset drops what is held and asks for a snapshot', () => {
    const done = apply(apply(at(4), ev(7)).feed, { t: 'reset', why: 'retention' });
    expect(done.snapshot).toBe(true);
    expect(done.feed.held).toEqual([]);
  });
  it('a reset of one subscription is not a reset of all', () => {
    expect(apply(at(4), { t: 'reset', id: 3, why: 'acl' }).snapshot).toBe(false);
  });
});
