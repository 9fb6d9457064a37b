// SPDX-License-Identifier: Apache-2.0
// 考核 through the real doors: every figure opens to as many cases as it says, also after a kill; a locked month stays and an appeal stands
// beside it; the page, its sheet and its paper carry one snapshot; a report is written from the figures, edited and signed.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { City, until } from './city.mjs';
import { axe_findings, kPhone, launch, sign_in } from './browser.mjs';

const kPassword = 'Correct-Horse-1', kUnit = '500106-sanitation', kMonth = '2026-03';
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

// A city on the last afternoon of March, whose day lasts 96 seconds, with cases of every ending.
async function with_city(work) {
  const city = await new City(['--clock', '2026-03-31T12:00:00+08:00x900']).start();
  try {
    await city.lay_out();
    const people = {};
    for (const [name, role, area] of [['acceptor', 'acceptor'], ['shift', 'shift_leader'], ['dispatcher', 'dispatcher'], ['collector', 'collector', '500106'], ['evaluator', 'evaluator'], ['leader', 'leader'], ['district', 'leader', '500106']])
      people[name] = city.token(name, role, area);
    await city.must('PUT', '/api/v1/users/crew', { person: '处置员', roles: ['handler', 'unit_desk'], area: '500106', unit: kUnit, password: kPassword, must_change: false });
    const crew = async () => {
      const answer = await fetch(`${city.http}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'crew', password: kPassword }) });
      return { cookie: answer.headers.getSetCookie().map((one) => one.split(';')[0]).join('; '), 'x-csrf-token': (await answer.json()).csrf };
    };
    const does = async (who, no, action, body = {}) => {
      const file = await city.must('GET', `/api/v1/cases/${no}`);
      const answer = await city.call('POST', `/api/v1/cases/${no}/actions`, { action, ...body }, who === 'crew' ? null : people[who], { 'if-match': `"${file.rev}"`, ...(who === 'crew' ? await crew() : {}) });
      assert.ok(answer.status < 300, `${who} ${action}: ${answer.status} ${JSON.stringify(answer.body)}`);
    };
    const handled = async (asset) => {
      const { no } = await city.must('POST', '/api/v1/cases', { title: '化粪池异味', class: '0303', asset }, people.dispatcher);
      await does('dispatcher', no, 'dispatch', { unit: kUnit });
      await does('crew', no, 'accept');
      return no;
    };
    const closed = async (no) => {
      const kept = await city.must('POST', '/api/v1/attachments', new Uint8Array(png), city.admin, { 'content-type': 'image/png' });
      await does('crew', no, 'finish', { attachments: [kept.id] });
      await does('crew', no, 'feedback');
      await does('shift', no, 'force_close', { reason: '已完成' });
    };
    const table = async (query, token) => await city.must('GET', `/api/v1/scores?${query}`, undefined, token);
    const unit = async () => (await table(`object=unit&period=${kMonth}`)).items.find((one) => one.id === kUnit);
    await work({ city, people, does, handled, closed, table, unit });
  } finally {
    await city.stop();
  }
}

// Every figure of every table against the cases behind it.
async function every_figure_opens({ city, table }, period) {
  let figures = 0;
  for (const object of ['area', 'unit', 'post', 'class']) {
    const { items } = await table(`object=${object}&period=${period}`);
    for (const item of items) {
      for (const [count, n] of Object.entries(item.counts)) {
        if (object !== 'post' && count.startsWith('step_')) continue;
        if (object === 'class' && !/^(filed|found_)/.test(count)) continue;
        if (n === 0 && figures % 7) continue;  // some of the noughts
        const behind = await city.must('GET', `/api/v1/scores/cases?object=${object}&id=${encodeURIComponent(item.id)}&count_of=${count}&period=${period}&count=true&limit=1000`);
        assert.equal(behind.total, n, `${object} ${item.id} ${count}`);
        assert.equal(behind.items.length, n);
        figures += n > 0 ? 1 : 0;
      }
      for (const [id, rate] of Object.entries(item.rates)) {
        assert.equal(rate.value, rate.d === 0 ? null : rate.n / rate.d, id);
        assert.ok(rate.n <= rate.d, `${id}: ${rate.n}/${rate.d}`);
      }
    }
  }
  return figures;
}

test('figures open to their cases, also after a kill; a locked month stays, and an appeal stands beside it', async () => {
  await with_city(async (all) => {
    const { city, people, does, handled, closed, table, unit } = all;
    const late = await handled('septic-500106-0001');
    const { case: refused } = await city.must('POST', '/api/v1/reports', { title: '路口垃圾', class: '0301', location: { type: 'Point', coordinates: [106.4502, 29.5438] } }, people.collector);
    await does('acceptor', refused, 'reject', { reason: '不属本辖区' });
    const { no: void_one } = await city.must('POST', '/api/v1/cases', { title: '测试', class: '0110', area: '500106' }, people.dispatcher);
    await does('shift', void_one, 'cancel', { reason: '测试' });
    const prompt = await handled('septic-500106-0002');
    await closed(prompt);
    await until('the limit runs out', async () => (await city.must('GET', `/api/v1/cases/${late}`)).deadline.overdue, 40_000);
    await closed(late);
    await until('the figures are there', async () => (await unit())?.counts.due === 2);
    const counts = (await unit()).counts;
    assert.deepEqual([counts.due, counts.disposed, counts.on_time, counts.overdue, counts.outstanding, counts.due_closed, counts.closed], [2, 2, 1, 1, 0, 2, 2]);
    const whole = (await table(`object=area&period=${kMonth}`)).items.find((one) => one.total);
    assert.deepEqual([whole.counts.not_accepted, whole.counts.cancelled], [1, 1], 'what is left out is listed');
    assert.equal(whole.counts.opened, 3, 'a cancelled case is in no count');
    const figures = await every_figure_opens(all, kMonth);
    assert.ok(figures > 30, `${figures} figures`);

    assert.equal((await city.call('POST', `/api/v1/scores/locks/${kMonth}`, {}, people.evaluator)).status, 409, 'the month is not over');
    await until('March is over', async () => !(await table(`object=unit&period=${kMonth}`)).running, 60_000);
    assert.equal((await city.call('POST', `/api/v1/scores/locks/${kMonth}`, {}, people.district)).status, 403);
    const two = await Promise.all([people.evaluator, people.leader].map((who) => city.call('POST', `/api/v1/scores/locks/${kMonth}`, {}, who)));
    assert.deepEqual(two.map((one) => one.status).sort(), [201, 409], 'two people at once');
    const locked = await table(`object=unit&period=${kMonth}`);
    assert.ok(locked.locked);

    await does('crew', late, 'appeal', { reason: '道路封闭' });
    await does('dispatcher', late, 'uphold_appeal');
    await does('acceptor', late, 'uphold_appeal');
    await until('it stands beside', async () => (await unit()).corrections?.overdue === -1);
    await city.kill();
    await city.start();
    const after = await table(`object=unit&period=${kMonth}`);
    const own = after.items.find((one) => one.id === kUnit);
    assert.deepEqual(own.counts, locked.items.find((one) => one.id === kUnit).counts, 'the locked figures');
    assert.equal(after.snapshot, locked.snapshot);
    assert.deepEqual([own.corrections.due, own.corrections.overdue, own.corrections.appeal_exempt], [-1, -1, 1]);
    const beside = await city.must('GET', `/api/v1/scores/cases?object=unit&id=${kUnit}&count_of=overdue&period=${kMonth}&correction=true`);
    assert.deepEqual(beside.items.map((one) => [one.case, one.sign]), [[late, -1]]);
    await every_figure_opens(all, kMonth);
    const formulas = (await city.must('GET', '/api/v1/scores/formulas')).items[0].source.replace('"weight": 30', '"weight": 90');
    await city.must('PUT', '/api/v1/scores/formulas/ours', formulas, people.evaluator, { 'content-type': 'application/json' });
    assert.equal((await table(`object=unit&period=${kMonth}`)).snapshot, locked.snapshot, 'the month keeps its formulas');
    assert.equal((await table('object=unit&period=2026-04')).formulas, 'ours');
  });
});

// The shared texts of a workbook, without a library: the entries of the zip that hold sheets.
function texts_of(xlsx) {
  let out = '';
  for (let at = xlsx.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; at = xlsx.indexOf('PK\x01\x02', at + 4, 'latin1')) {
    const size = xlsx.readUInt32LE(at + 20), local = xlsx.readUInt32LE(at + 42), method = xlsx.readUInt16LE(at + 10);
    const from = local + 30 + xlsx.readUInt16LE(local + 26) + xlsx.readUInt16LE(local + 28);
    const bytes = xlsx.subarray(from, from + size);
    out += (method === 8 ? inflateRawSync(bytes) : bytes).toString('utf8');
  }
  return out;
}

test('the page: figures, grades, sheet and paper agree; a report is written, edited and signed', async () => {
  const browser = await launch();
  try {
    await with_city(async ({ city, people, handled, closed, unit }) => {
      const late = await handled('septic-500106-0001');
      await closed(await handled('septic-500106-0002'));
      await until('the limit runs out', async () => (await city.must('GET', `/api/v1/cases/${late}`)).deadline.overdue, 40_000);
      await until('the figures are there', async () => (await unit())?.counts.outstanding === 1);
      // From here on at the pace of a clock: the days of a fast one end sessions within seconds.
      await city.kill('SIGTERM');
      city.args = city.args.map((one) => one.replace(/x\d+$/, ''));
      await city.start();
      for (const [name, roles] of [['lei', ['leader']], ['eva', ['evaluator']]])
        await city.must('PUT', `/api/v1/users/${name}`, { person: name === 'lei' ? '雷主任' : '伊考核', roles, area: '50', password: kPassword, must_change: false });
      const page = await sign_in(browser, city, 'lei', kPassword, { viewport: { width: 1440, height: 900 } });
      const picture = async (name) => {
        if (!process.env.CITYLOOP_PICTURES) return;
        mkdirSync(process.env.CITYLOOP_PICTURES, { recursive: true });
        await page.screenshot({ path: join(process.env.CITYLOOP_PICTURES, `${name}.png`) });
      };
      await page.goto(`${city.http}/desk/scores?object=unit&period=${kMonth}`);
      const row = page.locator(`[data-id="${kUnit}"]`);
      await row.waitFor({ timeout: 20_000 });
      await row.getByText('50.0%').first().waitFor();
      assert.match(await page.locator('abbr', { hasText: '按期处置率' }).getAttribute('title'), /应处置/, 'the definition is on hover');
      assert.ok(await row.locator('.grade').count() > 3);
      assert.equal(await row.getByText('—').count() > 0, true, 'nobody was asked: no satisfaction, neither 0 nor 100');
      const snapshot = (await page.locator('[data-test=snapshot]').textContent()).trim().split(' ').at(-1);
      await picture('scores-units');
      assert.deepEqual(await axe_findings(page), []);

      await row.getByRole('button', { name: /应处置/ }).first().click();
      await page.getByText('共 2 条').waitFor();
      assert.equal(await page.locator('[data-test=score-cases] li').count(), 2);
      await picture('scores-cases');
      assert.match(page.url(), /figure=/, 'a link shows the same');

      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '导出 Excel' }).click()]);
      const sheet = texts_of(readFileSync(await download.path()));
      assert.ok(download.suggestedFilename().includes(snapshot));
      for (const text of [snapshot, '按期处置率', '0.5']) assert.ok(sheet.includes(text), text);
      const paper = (await page.pdf({ preferCSSPageSize: true, printBackground: false })).toString('latin1');
      const [, width, height] = /MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(paper);
      assert.ok(Math.abs(width - 842) < 2 && Math.abs(height - 595) < 2, `A4 landscape: ${width} x ${height}`);
      await page.emulateMedia({ media: 'print' });
      await page.getByText('盖章').waitFor();
      assert.ok((await page.locator('[data-test=snapshot]').textContent()).includes(snapshot));
      await picture('scores-paper');
      await page.emulateMedia({ media: null });

      for (const object of ['area', 'post', 'class']) {
        await page.goto(`${city.http}/desk/scores?object=${object}&period=${kMonth}`);
        await page.locator('[data-test=score-sheet] tbody tr').first().waitFor({ timeout: 20_000 });
        await picture(`scores-${object}`);
        assert.deepEqual(await axe_findings(page), [], object);
      }
      await page.goto(`${city.http}/desk/scores?object=unit&period=2020-01`);
      await page.getByText('这个周期还没有可考核的案件').waitFor();

      await page.goto(`${city.http}/desk/reports`);
      await page.getByText('实时').first().waitFor();  // from then on the page knows the city's day
      await page.getByRole('button', { name: '写今日日报' }).click();
      const text = page.locator('[data-test=report-text]');
      await text.waitFor({ timeout: 20_000 });
      assert.match(await text.inputValue(), /应处置 2 件，已处置 1 件，超期未处置 1 件；按期处置率 50\.0%（1\/2）/);
      await text.fill(`${await text.inputValue()}\n另:今夜有雨,加强巡查。`);
      await picture('scores-report');
      await page.getByRole('button', { name: '保存草稿' }).click();
      await page.getByText('草稿 · 雷主任').first().waitFor({ timeout: 15_000 });
      const { items } = await city.must('GET', '/api/v1/scores/reports');
      assert.equal((await city.call('PUT', `/api/v1/scores/reports/${items[0].id}`, { title: 'x', text: 'x', snapshot: 'x' }, people.evaluator)).status, 428, 'nobody overwrites what they have not seen');
      await page.getByRole('button', { name: '签发' }).click();
      await page.getByRole('dialog').getByRole('button', { name: '确定' }).or(page.getByRole('dialog').getByRole('button', { name: '签发' })).first().click();
      await page.getByText(/雷主任 签发/).first().waitFor({ timeout: 15_000 });
      assert.match(await page.locator('[data-test=report-words]').textContent(), /今夜有雨/);
      assert.equal((await city.call('PUT', `/api/v1/scores/reports/${items[0].id}`, { title: 'x', text: 'x', snapshot: 'x' }, people.leader, { 'if-match': '"2"' })).status, 409, 'signed: it stays');
      assert.deepEqual(await axe_findings(page), []);

      await page.evaluate(() => localStorage.setItem('cityloop.language', 'en'));
      await page.goto(`${city.http}/desk/scores?object=unit&period=${kMonth}`);
      await page.getByText('On-time disposal rate').first().waitFor({ timeout: 20_000 });
      await picture('scores-en');
      assert.deepEqual(page.complaints, []);

      const phone = await sign_in(browser, city, 'eva', kPassword, { viewport: kPhone });
      await phone.goto(`${city.http}/desk/scores?object=unit&period=${kMonth}`);
      await phone.locator(`[data-id="${kUnit}"]`).waitFor({ timeout: 20_000 });
      if (process.env.CITYLOOP_PICTURES) await phone.screenshot({ path: join(process.env.CITYLOOP_PICTURES, 'scores-phone.png') });
      assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'the page itself does not scroll sideways');
      assert.deepEqual(phone.complaints, []);
    });
  } finally {
    await browser.close();
  }
});
