// SPDX-License-Identifier: Apache-2.0
// The screen: alarms as they come, seen by all, never lost.
import assert from 'node:assert/strict';
import { sign_in } from './browser.mjs';

const rows = (page) => page.locator('[data-alarm]');
async function screen(context, url, query = '') {
  const page = await context.newPage();
  await page.goto(`${url}/screen/overview${query}`);
  await page.waitForSelector('[data-ready]', { timeout: 20_000 });
  await page.getByText('实时', { exact: true }).waitFor();
  return page;
}
function raise(mock, { level, asset } = {}) {
  let alarm;
  do alarm = mock.world.make_alarm(Date.now(), false, asset); while (level && alarm.level !== level && mock.world.alarms.delete(alarm.id));
  mock.live.event('alarm.new', [alarm.id], mock.routes.alarm_doc(alarm));
  return alarm;
}
const shown = async (page, id) => page.locator(`[data-alarm="${id}"]`).waitFor({ timeout: 5000 });
const metrics = (page) => page.evaluate(() => JSON.parse(JSON.stringify(window.__city.metrics)));

export const cases = [
  ['an alarm comes: row, count, tone, and its pixel is read back', async ({ open, url, mock }) => {
    const context = await open({ viewport: { width: 1920, height: 1080 } });
    await sign_in(context, url);
    const page = await screen(context, url);
    const before = await rows(page).count();
    for (let i = 0; i < 20; i += 1) {
      raise(mock, { level: 'red' });
      await page.waitForTimeout(60);
    }
    await page.waitForFunction((n) => document.title.startsWith('(') && Number(/\((\d+)\)/.exec(document.title)?.[1]) >= n, before + 10);
    await page.waitForTimeout(800);
    const measured = await metrics(page);
    assert.equal(measured.alarm_to_page.n, 20);
    assert.ok(measured.alarm_to_pixel.n >= 5, `pixels read back: ${measured.alarm_to_pixel.n}`);
    assert.equal(measured.counts.pixel_missing ?? 0, 0);
    // The gate of web.md §2.9 holds on a machine with a GPU; here a processor that others use too draws the pixels.
    const gate = Number(process.env.ALARM_GATE_MS ?? 1000);
    assert.ok(measured.alarm_to_page.p95 < gate, `socket to page ${measured.alarm_to_page.p95} ms`);
    assert.match(measured.renderer, /./);
    console.log(`      alarm → page p50 ${measured.alarm_to_page.p50.toFixed(0)} p95 ${measured.alarm_to_page.p95.toFixed(0)} ms; → pixel p50 ${measured.alarm_to_pixel.p50.toFixed(0)} p95 ${measured.alarm_to_pixel.p95.toFixed(0)} ms (${measured.renderer})`);
  }],
  ['A opens the newest, E acknowledges, everybody else sees it, Esc gives the focus back', async ({ open, url, mock }) => {
    const one = await open();
    const two = await open();
    await sign_in(one, url);
    await sign_in(two, url, 'desk', 'desk');
    const mine = await screen(one, url);
    const theirs = await screen(two, url);
    const alarm = raise(mock, { level: 'red' });
    await shown(mine, alarm.id);
    await mine.keyboard.press('a');
    await mine.locator('.detail [data-operation=acknowledge]').waitFor();
    await mine.keyboard.press('e');
    await theirs.locator(`[data-alarm="${alarm.id}"].seen`).waitFor({ timeout: 1500 });
    assert.equal(mock.world.alarms.get(alarm.id).acknowledged_by, 'user:admin');
    await mine.locator('[data-operation=acknowledge][aria-disabled=true]').waitFor();
    assert.match(await mine.locator('[data-operation=acknowledge]').getAttribute('title'), /已经确认/);
    await mine.keyboard.press('Escape');
    await mine.locator('.detail').waitFor({ state: 'detached' });
  }],
  ['a false alarm needs its reason; a case is opened with C', async ({ open, url, mock }) => {
    const context = await open();
    await sign_in(context, url);
    const alarm = [...mock.world.alarms.values()].find((one) => !one.acknowledged);
    const page = await screen(context, url, `?a=${alarm.id}`);
    await page.locator('[data-operation=open_case]').waitFor();
    await page.keyboard.press('c');
    await page.locator('dialog button[type=submit]').click();
    await page.getByText(/已建案/).waitFor();
    assert.ok(mock.world.alarms.get(alarm.id).case);
    await page.locator('.detail a[href^="/desk/cases/"]').first().waitFor();
    await page.keyboard.press('x');
    await page.locator('dialog button[type=submit]').click();
    await page.getByText('请填写原因').waitFor();
    await page.locator('dialog textarea').fill('施工误触');
    await page.locator('dialog button[type=submit]').click();
    await page.locator('dialog').waitFor({ state: 'detached' });
    assert.equal(mock.world.alarms.get(alarm.id).note, '施工误触');
  }],
  ['the line is cut while alarms come: said within 4 s, then every one is there once, without a reload', async ({ open, url, mock }) => {
    const context = await open();
    await sign_in(context, url);
    const page = await screen(context, url);
    await page.evaluate(() => (window.stayed = true));
    mock.live.refuse = true;
    mock.live.drop();
    const missed = [raise(mock), raise(mock), raise(mock)];
    await page.getByText(/已断开 \d+ 秒/).waitFor({ timeout: 4500 });
    mock.live.refuse = false;
    for (const one of missed) await shown(page, one.id);
    await page.getByText('实时', { exact: true }).waitFor({ timeout: 8000 });
    assert.equal(await page.evaluate(() => window.stayed), true);
    const ids = await rows(page).evaluateAll((all) => all.map((one) => one.dataset.alarm));
    assert.equal(new Set(ids).size, ids.length);
  }],
  ['another epoch: the snapshot is diffed, ghosts go', async ({ open, url, mock }) => {
    const context = await open();
    await sign_in(context, url);
    const page = await screen(context, url);
    const [ghost] = mock.world.alarms.keys();
    await shown(page, ghost);
    mock.world.alarms.delete(ghost);
    mock.live.restart();
    const fresh = raise(mock);
    await shown(page, fresh.id);
    await page.locator(`[data-alarm="${ghost}"]`).waitFor({ state: 'detached', timeout: 6000 });
  }],
  ['an event lost on the way is asked for again', async ({ open, url, mock }) => {
    const context = await open();
    await sign_in(context, url);
    const page = await screen(context, url);
    raise(mock);
    await page.waitForTimeout(300);
    const lost = mock.world.make_alarm(Date.now());
    mock.live.event('alarm.new', [lost.id], mock.routes.alarm_doc(lost), { skip: true });
    const after = raise(mock);
    await shown(page, after.id);
    await shown(page, lost.id);
  }],
  ['a storm of 200: nothing lost, grouped, the page answers', async ({ open, url, mock }) => {
    const context = await open();
    await sign_in(context, url);
    const page = await screen(context, url);
    for (let i = 0; i < 200; i += 1) raise(mock);
    await page.getByText(/报警风暴/).waitFor();
    await page.locator('.group').first().waitFor();
    const expected = [...mock.world.alarms.values()].filter((one) => one.state === 'firing' || !one.acknowledged).length;
    await page.waitForFunction((n) => [...document.querySelectorAll('.levels b')].reduce((sum, one) => sum + Number(one.textContent), 0) === n, expected, { timeout: 5000 });
    const t0 = Date.now();
    await page.locator('.group').first().click();
    await rows(page).first().waitFor();
    assert.ok(Date.now() - t0 < 1500);
  }],
  ['what is over but unseen stays until somebody acknowledges it', async ({ open, url, mock }) => {
    const context = await open();
    await sign_in(context, url);
    const page = await screen(context, url);
    const alarm = raise(mock, { level: 'orange' });
    await shown(page, alarm.id);
    Object.assign(alarm, { state: 'cleared', cleared_at: new Date().toISOString(), changed_at: new Date(Date.now() + 1).toISOString() });
    mock.live.event('alarm.clear', [alarm.id], mock.routes.alarm_doc(alarm));
    const row = page.locator(`[data-alarm="${alarm.id}"]`);
    await row.getByText('已恢复，未确认').waitFor();
    await row.locator('.quick').click();
    await row.waitFor({ state: 'detached', timeout: 3000 });
  }],
  ['20,000 points: the page stays quick, hides kinds, opens an asset', async ({ open, url }) => {
    const context = await open({ viewport: { width: 1920, height: 1080 } });
    await sign_in(context, url);
    const page = await screen(context, url);
    await page.getByText('20,000').first().waitFor();
    const longest = await page.evaluate(async () => {
      let worst = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((one) => (worst = Math.max(worst, one.duration)))).observe({ type: 'longtask' });
      await new Promise((resolve) => setTimeout(resolve, 2500));
      return worst;
    });
    assert.ok(longest < 400, `longest task ${longest} ms`);
    await page.getByRole('button', { name: /井盖/, pressed: true }).click();
    await page.waitForURL(/hide=manhole_cover/);
  }, { assets: 20_000 }],
  ['a calm city says so; without WebGL there is a sketch with the same list', async ({ open, url, mock }) => {
    mock.world.alarms.clear();
    const context = await open();
    await sign_in(context, url);
    await context.addInitScript(() => {
      HTMLCanvasElement.prototype.getContext = () => null;
    });
    const page = await context.newPage();
    await page.goto(`${url}/screen/overview`);
    await page.getByText('当前无报警').waitFor();
    await page.locator('.flat svg .land').first().waitFor();
    const alarm = raise(mock);
    await shown(page, alarm.id);
    await page.locator('.flat .alarm').first().click();
    await page.locator('.detail').waitFor();
  }],
];
