// SPDX-License-Identifier: Apache-2.0
// The working calendar through the real doors: shipped with the program, shown, changed by HTTP and by the command line, kept over a
// crash; deadlines against a walk through the minutes; and the clock on the case page. The city's clock starts on
// Friday, 27 November 2026, 15:00 in Chongqing.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { axe_findings, launch, sign_in } from './browser.mjs';
import { City, root, until } from './city.mjs';

const kPassword = 'Correct-Horse-1';
const kFriday = '2026-11-27T15:00:00+08:00';
let browser;
before(async () => (browser = await launch()));
after(async () => await browser.close());

// Minute by minute from `start` on; holidays and adjusted workdays do not lie in the weeks of this test.
function walk(start, minutes) {
  for (let at = start, left = minutes * 60_000; ; ) {
    const local = new Date(at + 8 * 3_600_000);
    const hour = local.getUTCHours();
    const works = local.getUTCDay() % 6 !== 0 && ((hour >= 8 && hour < 12) || (hour >= 14 && hour < 18));
    const room = 60_000 - (at % 60_000);
    if (works && left <= room) return at + left;
    if (works) left -= room;
    at += room;
  }
}

async function with_city(work) {
  const city = await new City(['--clock', `${kFriday}x1`]).start();
  try {
    city.admin = city.token('e2e', 'admin');
    await city.must('PUT', '/api/v1/units/500106-landscape', { name: '沙坪坝区园林所', area: '500106', duties: ['landscape'] });
    await work(city);
  } finally {
    await city.stop();
  }
}

// A case about an ancient tree (its pack gives one working day), with its unit.
async function dispatched(city) {
  const opened = await city.must('POST', '/api/v1/cases', { title: '黄葛树倾斜', class: { scheme: 'GB2013', type: 'component', code: '0401' }, location: { type: 'Point', coordinates: [106.4502, 29.5438] } });
  const act = async (action, body = {}) => {
    const file = await city.must('GET', `/api/v1/cases/${opened.no}`);
    return await city.must('POST', `/api/v1/cases/${opened.no}/actions`, { action, ...body }, city.admin, { 'if-match': `"${file.rev}"` });
  };
  const file = await city.must('GET', `/api/v1/cases/${opened.no}`);
  if (file.stage !== 'pending_dispatch') await act('register');
  await act('dispatch', { unit: '500106-landscape' });
  return opened.no;
}
const disposal = async (city, no) => (await city.must('GET', `/api/v1/cases/${no}`)).clocks.find((one) => one.stage === 'handling' && !one.stopped);

test('shipped with the program, audited, known to its last day', async () => {
  await with_city(async (city) => {
    const { items } = await city.must('GET', '/api/v1/calendars');
    assert.equal(items.length, 1);
    const [china] = items;
    assert.equal(china.name, 'china');
    assert.equal(china.shipped, true);
    assert.deepEqual([china.known_from, china.known_until], ['2025-01-01', '2026-12-31']);
    assert.deepEqual(china.hours, [{ from: '08:00', to: '12:00' }, { from: '14:00', to: '18:00' }]);
    assert.deepEqual(china.years.map((one) => one.notice), ['国办发明电〔2024〕12号', '国办发明电〔2025〕7号']);
    assert.equal(china.days.find((one) => one.date === '2026-02-28').works, true);
    assert.equal(china.days.find((one) => one.date === '2026-02-17').zh, '春节');
    const audit = await city.must('GET', '/api/v1/audit?action=calendar.ship');
    assert.deepEqual(audit.items.map((one) => [one.actor, one.subject, one.outcome]), [['system', 'china', 'ok']]);
    await until('the log warns that the days run out', () => readFileSync(join(city.data, 'logs/cityloop.log'), 'utf8').includes('calendar ends 2026-12-31'));
  });
});

test('one working day from Friday afternoon ends on Monday, and another calendar moves it', async () => {
  await with_city(async (city) => {
    const no = await dispatched(city);
    let clock = await disposal(city, no);
    assert.equal(clock.limit, '1WD');
    assert.equal(clock.working, true);
    const started = Date.parse(clock.started);
    assert.equal(Date.parse(clock.deadline), walk(started, 480));
    assert.equal(new Date(Date.parse(clock.deadline) + 8 * 3_600_000).getUTCDay(), 1, 'Monday');
    const listed = await city.must('GET', '/api/v1/cases?open=true&order=deadline');
    assert.equal(listed.items.find((one) => one.no === no).deadline.at, clock.deadline);

    const shipped = readFileSync(join(root, 'calendars/china.jsonc'), 'utf8');
    const folder = mkdtempSync(join(tmpdir(), 'cityloop-calendar-'));
    try {
      // Monday becomes a holiday of the city's own, by the command line, into the running city.
      const own = shipped.replace('"holidays": [\n        {"from": "2026-01-01"', '"holidays": [\n        {"from": "2026-11-30", "zh": "市民日"},\n        {"from": "2026-01-01"');
      assert.notEqual(own, shipped);
      writeFileSync(join(folder, 'chongqing.jsonc'), own);
      assert.match(city.run(['import', 'calendar', join(folder, 'chongqing.jsonc')]), /^calendar chongqing is in force: 1 cases counted anew, 0 running clocks without a deadline$/m);
      clock = await disposal(city, no);
      assert.equal(Date.parse(clock.deadline), walk(started, 480) + 86_400_000, 'a day later');
      assert.equal((await city.must('GET', '/api/v1/calendars')).items[0].name, 'chongqing');
      assert.equal((await city.call('GET', '/api/v1/calendars/china')).status, 404);

      await city.kill('SIGKILL');
      await city.start();
      assert.equal((await disposal(city, no)).deadline, clock.deadline, 'over a crash');
      const [kept] = (await city.must('GET', '/api/v1/calendars')).items;
      assert.deepEqual([kept.name, kept.shipped], ['chongqing', false], "the city's own stays, whatever the program ships");

      // A calendar that ends before today: no deadline is guessed, and the case says why.
      const old = { version: '1', hours: ['08:00-12:00', '14:00-18:00'], weekend: ['saturday', 'sunday'], years: { 2025: { holidays: [], workdays: [] } } };
      await city.must('PUT', '/api/v1/calendars/old', old);
      clock = await disposal(city, no);
      assert.deepEqual([clock.deadline, clock.note], [null, 'calendar ends 2025-12-31']);
      await city.must('PUT', '/api/v1/calendars/china', shipped);
      clock = await disposal(city, no);
      assert.equal(Date.parse(clock.deadline), walk(started, 480));
      assert.equal(clock.note, null);

      const wrong = await city.call('PUT', '/api/v1/calendars/china', shipped.replace('"2026-01-04"', '"2026-01-05"'));
      assert.equal(wrong.status, 422);
      assert.match(wrong.body.detail, /2026-01-05 is a working day anyway/);
      const dispatcher = city.token('desk', 'dispatcher');
      assert.equal((await city.call('PUT', '/api/v1/calendars/china', shipped, dispatcher)).status, 403);
      const district = city.token('boss', 'admin', '500106');
      assert.equal((await city.call('PUT', '/api/v1/calendars/china', shipped, district)).status, 403);
      assert.equal((await disposal(city, no)).deadline, clock.deadline);
      const audit = await city.must('GET', '/api/v1/audit?action=calendar.put');
      assert.ok(audit.items.some((one) => one.subject === 'chongqing') && audit.items.some((one) => one.subject === 'old'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

test('the case page shows the deadline and the working time left, in Chinese and English', async () => {
  await with_city(async (city) => {
    const no = await dispatched(city);
    for (const name of ['zhang', 'smith'])
      await city.must('PUT', `/api/v1/users/${name}`, { person: name, roles: ['dispatcher'], area: '50', password: kPassword, must_change: false });
    mkdirSync(join(root, 'build/pictures'), { recursive: true });
    for (const [name, locale, left, ends, none] of [['zhang', 'zh-CN', /^剩工时\s7\s小时\s5\d\s分$/, /限 1WD · 截止 2026-11-30 1\d:/, '工作日历只到 2025-12-31'],
                                                     ['smith', 'en-US', /^7\sh\s5\d\smin\swork\sleft$/, /limit 1WD · due 2026-11-30 1\d:/, 'calendar ends 2025-12-31']]) {
      const page = await sign_in(browser, city, name, kPassword, { locale });
      await page.goto(`${city.http}/desk/cases/${no}`);
      if (locale !== 'zh-CN') await page.getByText('EN', { exact: true }).first().click();
      const clock = page.locator('.page-head .sla');
      await until('the clock counts in working time', async () => left.test((await clock.innerText()).trim()) || Promise.reject(new Error(await clock.innerText())), 20_000);
      assert.match(await clock.getAttribute('title'), /^2026-11-30 1\d:/);
      assert.match(await page.locator('main, .page').first().innerText(), ends);
      await page.screenshot({ path: join(root, `build/pictures/clock-${locale}.png`) });
      assert.deepEqual(await axe_findings(page), []);
      // Somebody puts a calendar that does not reach: the open page says so by itself.
      await city.must('PUT', '/api/v1/calendars/old', { version: '1', hours: ['08:00-12:00', '14:00-18:00'], weekend: [], years: { 2025: { holidays: [], workdays: [] } } });
      await until('the page says why there is no deadline', async () => (await clock.innerText()).includes(none), 20_000);
      await city.must('PUT', '/api/v1/calendars/china', readFileSync(join(root, 'calendars/china.jsonc'), 'utf8'));
      await until('and counts again', async () => left.test((await clock.innerText()).trim()), 20_000);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    }
  });
});
