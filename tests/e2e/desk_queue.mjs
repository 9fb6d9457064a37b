// SPDX-License-Identifier: Apache-2.0
// A queue of ten thousand open cases: filtered, scrolled, its columns chosen, all of it selected and acted upon, stopped on the way, and
// cases that changed meanwhile. Times are printed for the bench, not judged: the machine of a test is anybody's.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { until } from './city.mjs';
import { close_browser, kShort, nothing_serious, open_browser, picture, with_desk } from './desk_city.mjs';

before(open_browser);
after(close_browser);

const kMany = 10_000;

// Reports of one class on a grid of 90 m, so that no two are one problem: through the door by which another system's come.
function bring_in(city, many) {
  const folder = mkdtempSync(join(tmpdir(), 'cityloop-queue-'));
  try {
    const side = Math.ceil(Math.sqrt(many));
    const rows = ['id,title,at,lng,lat,address,class'];
    for (let i = 0; i < many; i += 1) {
      const green = i % 50 === 0;
      rows.push([`q${i}`, green ? `行道树倾斜 ${i}` : `井盖破损 ${i}`, new Date().toISOString(), 106.36 + (i % side) * 0.001, 29.45 + Math.floor(i / side) * 0.001, `${i} 号`, green ? '0122' : '0113'].join(','));
    }
    writeFileSync(join(folder, 'many.csv'), `${rows.join('\n')}\n`);
    writeFileSync(join(folder, 'many.map.jsonc'), JSON.stringify({ what: 'reports', name: '历史案件', source: 'old', zone: 'UTC', id: 'id', title: 'title', at: 'at', lng: 'lng', lat: 'lat', address: 'address', class: 'class' }));
    return city.run(['import', 'reports', '--map', join(folder, 'many.map.jsonc'), join(folder, 'many.csv')]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const table_rows = (page) => page.locator('[role=table][aria-label=cases]').getAttribute('aria-rowcount').then((n) => Number(n) - 1);
const total_open = async (city, more = '') => (await city.must('GET', `/api/v1/cases?open=true&count=true&limit=1${more}`)).total;

test('ten thousand: filter, scroll, header, columns, all selected, acted upon', async () => {
  await with_desk(async ({ city, person, token, file }) => {
    const began = Date.now();
    assert.match(bring_in(city, kMany), /10000 waiting/);
    const open = await total_open(city);
    assert.equal(open, kMany, 'each one is a case');
    const leader = await person('qian', ['shift_leader', 'acceptor'], { shown: '钱' });
    const made = Date.now();
    await leader.goto(`${city.http}/desk/cases`);
    await until('all are loaded', async () => (await table_rows(leader)) === kMany, 60_000);
    const loaded = Date.now();

    // The document holds what is near the view, wherever one scrolls; the header stays where it is.
    const host = leader.locator('.host');
    const header = leader.locator('.host .header');
    const top = (await header.boundingBox()).y;
    for (const part of [0.5, 1, 0.25]) {
      await host.evaluate((box, to) => (box.scrollTop = to * (box.scrollHeight - box.clientHeight)), part);
      await until(`rows are drawn where one looks, at ${part}`, async () => await leader.evaluate(() => {
        const box = document.querySelector('.host').getBoundingClientRect();
        return Boolean(document.elementFromPoint(box.left + 200, box.top + box.height / 2)?.closest('.one'));
      }));
      const nodes = await leader.locator('.host .one').count();
      assert.ok(nodes > 10 && nodes <= 60, `${nodes} rows in the document at ${part}`);
      assert.equal((await header.boundingBox()).y, top, 'the header stays');
    }
    const frames = await host.evaluate(async (box) => {
      const times = [];
      let last = performance.now();
      for (let i = 0; i < 60; i += 1) {
        box.scrollTop += 400;
        await new Promise((done) => requestAnimationFrame(done));
        times.push(performance.now() - last);
        last = performance.now();
      }
      return times.sort((a, b) => a - b);
    });

    // From the choice of a filter to its rows.
    const filter = async (change, rows) => {
      const from = Date.now();
      await change();
      await until('filtered', async () => (await table_rows(leader)) === rows, kShort);
      return Date.now() - from;
    };
    const urgency = leader.getByRole('combobox', { name: '紧急度' });
    const by_choice = await filter(async () => void (await urgency.selectOption('very_urgent')), 0);
    await filter(async () => void (await urgency.selectOption('')), kMany);
    const by_words = await filter(async () => void (await leader.locator('[data-filter=q]').fill('行道树')), kMany / 50);
    const inside = await leader.evaluate(async () => {
      const times = [];
      for (let i = 0; i < 10; i += 1) {
        const from = performance.now();
        await (await fetch('/api/v1/cases?open=true&order=opened&limit=200')).json();
        times.push(performance.now() - from);
      }
      return times.sort((a, b) => a - b)[5];
    });
    console.log(`bench queue_10000: made ${made - began} ms, loaded whole ${loaded - made} ms, filter by choice ${by_choice} ms, by words ${by_words} ms, ` +
      `first page in the browser ${inside.toFixed(1)} ms, scroll frame p50 ${frames[30].toFixed(1)} ms p95 ${frames[56].toFixed(1)} ms`);

    // Chosen columns are remembered.
    const columns = leader.getByRole('button', { name: '列', exact: true });
    await columns.click();
    await leader.getByRole('checkbox', { name: '紧急度' }).uncheck();
    await leader.keyboard.press('Escape');
    await leader.reload();
    await until('loaded again', async () => (await table_rows(leader)) === kMany / 50, kShort);
    assert.equal(await leader.getByRole('columnheader', { name: '紧急度' }).count(), 0, 'hidden over a reload');

    // The filtered ones: all two hundred are chosen, and the action is sent for each.
    await leader.getByRole('checkbox', { name: '全选' }).check();
    await leader.getByText(`已选 ${kMany / 50}（全部筛选结果）`).waitFor();
    await leader.getByRole('button', { name: '批量办理' }).click();
    const dialog = leader.getByRole('dialog');
    await dialog.locator('[data-bulk=comment]').click({ timeout: kShort });
    await leader.getByRole('dialog').locator('textarea').fill('统一巡查');
    await leader.getByRole('dialog').locator('button[type=submit]').click();
    await leader.getByText(`完成：${kMany / 50} 件成功，0 件未办成`).waitFor({ timeout: kShort });
    const one = (await city.must('GET', '/api/v1/cases?q=行道树&limit=1')).items[0].no;
    assert.equal((await file(one)).timeline.filter((entry) => entry.comment === '统一巡查').length, 1, 'once, in the case');
    await leader.getByRole('button', { name: '关闭', exact: true }).last().click();

    // All ten thousand, one of them changed behind the page's back: it is told, the others are done.
    await leader.goto(`${city.http}/desk/cases?view=all`);
    await until('all again', async () => (await table_rows(leader)) === kMany, 60_000);
    await leader.getByRole('checkbox', { name: '全选' }).check();
    await leader.getByText('已选 10,000（全部筛选结果）').waitFor();
    await picture(leader, 'desk-queue');
    await nothing_serious(leader, 'the queue with all selected');
    await leader.getByRole('button', { name: '批量办理' }).click();
    await leader.getByRole('dialog').locator('[data-bulk=cancel]').click({ timeout: kShort });
    await leader.getByRole('dialog').locator('textarea').fill('演练数据，一并作废');
    let first = true;
    await leader.route('**/api/v1/cases:act', async (route) => {
      const { cases } = JSON.parse(route.request().postData());
      if (first) await city.must('POST', `/api/v1/cases/${cases[0].no}/actions`, { action: 'comment', comment: '我刚看过' }, token('acceptor'), { 'if-match': `"${cases[0].rev}"` });
      first = false;
      await route.continue();
    });
    const acting = Date.now();
    await leader.getByRole('dialog').locator('button[type=submit]').click();
    await leader.getByText(/正在办理/).waitFor({ timeout: kShort });
    await picture(leader, 'desk-bulk-running');
    await leader.getByText(`完成：${kMany - 1} 件成功，1 件未办成`).waitFor({ timeout: 120_000 });
    console.log(`bench bulk_10000: ${Date.now() - acting} ms`);
    assert.equal(await leader.getByRole('dialog').locator('[data-ok=false]').count(), 1);
    await picture(leader, 'desk-bulk-done');
    await nothing_serious(leader, 'the outcome of many');
    assert.equal(await total_open(city), 1, 'the server says the same');
    await leader.unroute('**/api/v1/cases:act');
    await leader.getByRole('button', { name: '只保留未办成的选择' }).click();
    await leader.getByText('已选 1', { exact: true }).waitFor({ timeout: kShort });
  });
});

test('many at once: stopped on the way, what is not allowed says why, a refused role has no such button', async () => {
  await with_desk(async ({ city, person, make, act }) => {
    assert.match(bring_in(city, 700), /700 waiting/);
    const dispatched = await make('化粪池异味');
    await act(dispatched, 'dispatch', { unit: '500106-sanitation' });
    const page = await person('sun', ['shift_leader', 'dispatcher'], { shown: '孙' });
    await page.goto(`${city.http}/desk/cases?view=all`);
    await until('loaded', async () => (await table_rows(page)) === 701, kShort);
    await page.keyboard.press('a');  // no key of this page: nothing happens
    await page.getByRole('checkbox', { name: '全选' }).check();
    await page.getByRole('button', { name: '批量办理' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('[data-bulk=comment]').click();
    await page.getByRole('dialog').locator('textarea').fill('核对');
    // The second slice waits until the person has pressed stop.
    let slices = 0;
    await page.route('**/api/v1/cases:act', async (route) => {
      slices += 1;
      if (slices === 2) await page.getByRole('button', { name: '停止' }).click();
      await route.continue();
    });
    await page.getByRole('dialog').locator('button[type=submit]').click();
    await page.getByText('完成：400 件成功，301 件未办成').waitFor({ timeout: kShort });
    assert.equal(slices, 2, 'nothing more was sent');
    await page.getByText('已停止，未办理').first().waitFor();

    // A wall and a reader are offered nothing to select.
    const reader = await person('lei', 'evaluator', { shown: '雷' });
    await reader.goto(`${city.http}/desk/cases?view=all`);
    await until('loaded', async () => (await table_rows(reader)) === 701, kShort);
    assert.equal(await reader.getByRole('checkbox', { name: '全选' }).count(), 0);
  });
});
