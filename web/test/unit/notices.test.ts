// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { notice_mark, notice_note, with_notice } from '@core/notices';
import type { Notice } from '@core/words';

const notice = (id: string, more: Partial<Notice> = {}): Notice => ({ id, subject: 'c', type: 'city.case.new', channel: 'webhook', target: 'duty', state: 'waiting', attempts: 0, ...more });

describe('notices on a page', () => {
  it('replaces a notice where it stands and puts a new one first', () => {
    const list = [notice('c:2'), notice('c:1')];
    expect(with_notice(list, notice('c:1', { state: 'read' })).map((one) => `${one.id} ${one.state}`)).toEqual(['c:2 waiting', 'c:1 read']);
    expect(with_notice(list, notice('c:3')).map((one) => one.id)).toEqual(['c:3', 'c:2', 'c:1']);
    expect(list.map((one) => one.state)).toEqual(['waiting', 'waiting']);
  });
  it('marks each state by a shape of its own', () => {
    const marks = [notice('a'), notice('a', { held_until: '2026-01-01T07:00:00Z' }), notice('a', { state: 'sent' }), notice('a', { state: 'read' }), notice('a', { state: 'failed' })].map(notice_mark);
    expect(new Set(marks).size).toBe(5);
  });
  it('says why it is not there yet', () => {
    expect(notice_note(notice('a', { last_error: 'HTTP 500' }))).toBe('HTTP 500');
    expect(notice_note(notice('a', { held_until: '2026-01-01T07:00:00Z', last_error: 'HTTP 500' }))).toMatch(/静默至|Quiet until/);
    expect(notice_note(notice('a', { state: 'failed', last_error: 'HTTP 410' }))).toBe('HTTP 410');
  });
});
