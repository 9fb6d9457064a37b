// SPDX-License-Identifier: Apache-2.0
// 交接班 by two people in two browsers: all that is open stands in the list, both sign in their own session, what was signed stays as it
// was, on paper as on the screen; nobody takes their own, nobody takes an older list than they saw.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { until } from './city.mjs';
import { kPhone } from './browser.mjs';
import { close_browser, kShort, nothing_serious, open_browser, picture, pick, session_of, with_desk } from './desk_city.mjs';

before(open_browser);
after(close_browser);

const group = (page, name) => page.locator(`[data-group=${name}]`);

test('who goes lists and signs, who comes checks and signs; history and paper keep it', async () => {
  await with_desk(async ({ city, account, person, make, file, act, token }) => {
    // One of each that a shift hands over.
    const waiting = await make('待派遣的一件');
    const asked = await make('等配件的一件', 'septic-500106-0002');
    await act(asked, 'dispatch', { unit: '500106-sanitation' });
    await account('platform', 'unit_desk', { shown: '平台', area: '500106', unit: '500106-sanitation' });
    const session = await session_of(city, 'platform');
    const { rev } = await file(asked);
    assert.equal((await city.call('POST', `/api/v1/cases/${asked}/actions`, { action: 'request_extension', reason: '等配件' }, null, { ...session, 'if-match': `"${rev}"` })).status, 200);
    const urged = await make('督办的一件', 'septic-500112-0001');
    await act(urged, 'supervise', { kind: 'leader', requirement: '今日办结' }, token('leader'));
    await act(waiting, 'comment', { comment: '夜班电话联系过业主' });
    await city.must('POST', '/api/v1/alarms:test', { asset: 'septic-500106-0001', rule: 'septic_gas/ch4_high', level: 'orange' });
    await city.must('POST', '/api/v1/readings', { asset: 'septic-500106-0002', values: { ch4: 150 } });
    await city.must('POST', '/api/v1/reports', { title: '说不清在哪里的坑' });

    const giver = await person('wang', 'shift_leader', { shown: '王' });
    const taker = await person('li', 'dispatcher', { shown: '李' });
    await giver.goto(`${city.http}/desk/shift`);
    for (const [name, words] of [['alarms', /沼气|甲烷|septic/], ['waiting', /待派遣的一件/], ['asked', /等配件的一件/], ['supervised', /督办的一件/], ['placeless', /说不清在哪里/], ['notes', /夜班电话联系过业主/]])
      assert.match(await group(giver, name).innerText({ timeout: kShort }), words, name);
    assert.equal(await giver.locator('[data-sign=take]').count(), 0);
    await nothing_serious(giver, 'what is open');
    await giver.locator('[data-sign=give]').click();
    await giver.getByRole('alert').filter({ hasText: '请写一句交代' }).waitFor();
    await giver.getByLabel('交代').fill('2 号泵站停机，厂家 20:00 到');
    await pick(giver, '接班人', 'l', '李');
    await giver.locator('[data-sign=give]').click();
    await giver.getByText(/等待 李 签名/).waitFor({ timeout: kShort });
    assert.equal(await giver.locator('[data-sign=take]').count(), 0, 'who goes does not also come');

    // The other reads the list as it was signed; signed anew meanwhile, it has to be read again.
    await taker.goto(`${city.http}/desk/shift`);
    await taker.getByText(/2 号泵站停机/).waitFor({ timeout: kShort });
    await make('签名之后的一件', undefined, { area: '500106', class: '0113', address: '新桥' });
    await giver.getByLabel('交代').fill('2 号泵站停机，厂家改 21:00 到');
    await pick(giver, '接班人', 'l', '李');
    await giver.locator('[data-sign=give]').click();
    await until('signed anew', async () => (await city.must('GET', '/api/v1/shifts')).items[0].rev === 2);
    const [old] = (await city.must('GET', '/api/v1/shifts')).items;
    const stale = await taker.evaluate(async ({ id }) => {
      const { csrf } = await (await fetch('/api/v1/session')).json();
      const answer = await fetch(`/api/v1/shifts/${id}:take`, { method: 'POST', headers: { 'x-csrf-token': csrf, 'if-match': '"1"', 'content-type': 'application/json' }, body: '{}' });
      return answer.status;
    }, old);
    assert.equal(stale, 412, 'an older list is not taken');
    await taker.reload();
    await taker.getByText(/厂家改 21:00/).waitFor({ timeout: kShort });
    assert.match(await group(taker, 'waiting').innerText(), /签名之后的一件/);
    await picture(taker, 'desk-shift-waiting');
    await nothing_serious(taker, 'a hand-over that waits');
    await taker.getByLabel('接班意见').fill('已核对');
    await taker.locator('[data-sign=take]').click();
    await taker.getByText('交接完成').waitFor({ timeout: kShort });
    const shift = await city.must('GET', `/api/v1/shifts/${old.id}`);
    assert.deepEqual([shift.state, shift.giver_name, shift.taker_name, shift.taker_note], ['taken', '王', '李', '已核对']);
    assert.ok(shift.open.asked.items.some((one) => one.no === asked));

    // What happens later does not change what was signed.
    await act(waiting, 'dispatch', { unit: '500106-sanitation' });
    assert.equal((await file(waiting)).stage, 'pending_handle');
    await taker.goto(`${city.http}/desk/shift?tab=history&id=${old.id}`);
    assert.match(await group(taker, 'waiting').innerText({ timeout: kShort }), /待派遣的一件/);
    const paper = await taker.pdf({ format: 'A4' });
    assert.ok(paper.length > 10_000);
    await taker.emulateMedia({ media: 'print' });
    const printed = await taker.locator('.sheet').innerText();
    for (const words of ['王', '李', '21:00', '督办的一件', '交班人', '接班人']) assert.ok(printed.includes(words), words);
    assert.equal(await taker.locator('nav.rail').isVisible(), false, 'paper has no rail');
    await picture(taker, 'desk-shift-print', { fullPage: true });
    await taker.emulateMedia({ media: 'screen' });
    await taker.getByRole('button', { name: '返回记录' }).click();
    await taker.getByText('2 号泵站停机，厂家改 21:00 到').waitFor({ timeout: kShort });
    const audit = (await city.must('GET', '/api/v1/audit?action=shift.take')).items;
    assert.ok(audit.some((one) => one.outcome === 'ok' && one.actor === 'user:li'), JSON.stringify(audit));

    // The next shift begins where this one ended: the note of before is no news any more.
    await giver.goto(`${city.http}/desk/shift`);
    await group(giver, 'waiting').waitFor({ timeout: kShort });
    assert.equal(await group(giver, 'notes').count(), 0);
    const phone = await person('sun', 'acceptor', { shown: '孙', viewport: kPhone });
    await phone.goto(`${city.http}/desk/shift`);
    await group(phone, 'waiting').waitFor({ timeout: kShort });
    assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'a phone scrolls one way only');
    await picture(phone, 'desk-shift-phone', { fullPage: true });
  });
});

test('a hand-over that waits survives a kill; another area has its own; a token signs nothing', async () => {
  await with_desk(async ({ city, person, make, token }) => {
    await make('渝北的一件', 'septic-500112-0001');
    const giver = await person('wang', 'shift_leader', { shown: '王' });
    await giver.goto(`${city.http}/desk/shift`);
    await giver.getByLabel('交代').fill('无');
    await giver.locator('[data-sign=give]').click();
    await giver.getByText('已签名，等待接班人签名').waitFor({ timeout: kShort });
    await city.kill();
    const address = city.http;
    await city.start();
    assert.equal((await city.must('GET', '/api/v1/shifts?state=waiting')).items.length, 1, 'after the kill');
    assert.equal((await city.call('POST', '/api/v1/shifts', { note: '无' }, token('shift_leader'))).status, 403);
    const there = await person('he', 'shift_leader', { shown: '何', area: '500106' });
    await there.goto(`${city.http}/desk/shift`);
    await there.getByText('没有未了事项').waitFor({ timeout: kShort });
    assert.equal(await there.getByText('渝北的一件').count(), 0, 'not its area');
    assert.equal(await there.locator('[data-sign=give]').count(), 1, 'the city\'s hand-over is not in its way');
    giver.complaints = giver.complaints.filter((one) => !one.includes(address));
  });
});
