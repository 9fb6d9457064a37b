// SPDX-License-Identifier: Apache-2.0
// The operators' desk by keyboard and by two people at once: decisions that wait and are taken back, what another person changes
// meanwhile, units by pinyin initials, long lists, many cases at once, search, the hand-over. Pictures go into build/pictures.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { axe_findings, launch, sign_in } from './browser.mjs';
import { City, root, sleep, until } from './city.mjs';

const kPassword = 'Correct-Horse-1', kDesk = { viewport: { width: 1440, height: 900 } }, kShort = 20_000;
const pictures = join(root, 'build/pictures');
let browser;
before(async () => {
  mkdirSync(pictures, { recursive: true });
  browser = await launch();
});
after(async () => await browser.close());

async function with_desk(work) {
  const city = await new City().start();
  const pages = [];
  try {
    await city.lay_out();
    await city.must('PUT', '/api/v1/units/500106-drainage', { name: '沙坪坝区排水管理所', area: '500106', duties: ['drainage'] });
    await city.must('PUT', '/api/v1/units/500112-green', { name: '渝北区园林局', area: '500112', duties: ['green'] });
    const dispatcher = city.token('maker', 'dispatcher');
    const acceptor = city.token('taker', 'acceptor');
    const person = async (name, role, shown = name, area = '50') => {
      await city.must('PUT', `/api/v1/users/${name}`, { person: shown, roles: [role], area, password: kPassword, must_change: false });
      const page = await sign_in(browser, city, name, kPassword, kDesk);
      pages.push(page);
      return page;
    };
    const make = async (title, asset = 'septic-500106-0001') => (await city.must('POST', '/api/v1/cases', { title, class: '0303', asset }, dispatcher)).no;
    const file = async (no) => await city.must('GET', `/api/v1/cases/${no}`);
    const act = async (no, action, body = {}) => await city.must('POST', `/api/v1/cases/${no}/actions`, { action, ...body }, dispatcher, { 'if-match': `"${(await file(no)).rev}"` });
    await work({ city, person, make, file, act, dispatcher, acceptor });
    for (const page of pages) assert.deepEqual(page.complaints, [], page.url());
  } finally {
    for (const page of pages) await page.context().close();
    await city.stop();
  }
}

const operation = (page, name) => page.locator(`[data-operation="${name}"]:not([aria-disabled])`).first();
// The open form's unit, by three initials and Enter.
async function send_by_initials(page) {
  await page.getByRole('dialog').getByRole('combobox').first().waitFor();
  await page.keyboard.type('psg');
  await until('found by initials', async () => /排水/.test(await page.getByRole('dialog').getByRole('option').first().innerText()));
  await page.keyboard.press('Enter');
}
const nothing_serious = async (page, what) => assert.deepEqual(await axe_findings(page), [], what);

test('the inbox without a mouse: decided, taken back, sent after its ten seconds or on leaving, never before', async () => {
  await with_desk(async ({ city, person, make, file }) => {
    const numbers = [await make('甲'), await make('乙', 'septic-500106-0002'), await make('丙', 'septic-500112-0001')];
    const page = await person('li', 'dispatcher', '李');
    await page.goto(`${city.http}/desk/inbox`);
    await operation(page, 'dispatch').waitFor({ timeout: kShort });
    const chosen = () => new URL(page.url()).searchParams.get('item');
    const first = chosen();
    await page.keyboard.press('j');
    await until('j moves on', () => chosen() !== first);
    await page.keyboard.press('k');
    await until('k moves back', () => chosen() === first);

    await operation(page, 'dispatch').waitFor({ timeout: kShort });
    // `?` shows every key, and the keys of the page do nothing under it.
    await page.keyboard.press('?');
    const help = page.getByRole('dialog');
    await help.waitFor();
    for (const word of ['派遣', '撤销', '并案', '下一条']) assert.ok((await help.innerText()).includes(word), word);
    await page.keyboard.press('j');
    assert.equal(chosen(), first);
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'detached' });

    // A unit by three initials and Enter; an input method that is composing keeps its keys.
    await operation(page, 'dispatch').waitFor({ timeout: kShort });
    await page.keyboard.press('Enter');
    const picker = page.getByRole('dialog').getByRole('combobox').first();
    await picker.waitFor();
    await until('the units are there', async () => (await page.getByRole('dialog').getByRole('option').count()) >= 3);
    await picker.evaluate((box) => box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true })));
    await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'u', isComposing: true, bubbles: true })));
    assert.ok(await page.getByRole('dialog').isVisible());
    await send_by_initials(page);
    const waiting = page.locator('[data-waiting]');
    await waiting.first().waitFor({ timeout: kShort });
    assert.match(await waiting.first().innerText(), /(10|9|8) 秒后发送/);
    await page.screenshot({ path: join(pictures, 'desk-inbox-waiting.png') });
    await nothing_serious(page, 'inbox with a waiting decision');
    await sleep(3000);
    assert.equal((await file(first)).stage, 'pending_dispatch', 'nothing was sent yet');
    await page.keyboard.press('u');
    await waiting.first().waitFor({ state: 'detached' });
    await sleep(9000);
    assert.equal((await file(first)).stage, 'pending_dispatch', 'taken back for good');

    // Not taken back, it goes out by itself; last used stands first now.
    assert.equal(chosen(), first);
    await operation(page, 'dispatch').waitFor({ timeout: kShort });
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('combobox').first().waitFor();
    await until('last used first', async () => /排水/.test(await page.getByRole('dialog').getByRole('option').first().innerText()));
    await send_by_initials(page);
    await waiting.first().waitFor();
    await until('sent by itself', async () => (await file(first)).stage !== 'pending_dispatch', 15_000);
    assert.equal((await file(first)).unit, '500106-drainage');

    // Leaving the page sends what waits.
    const second = await until('the next is chosen', () => (chosen() && chosen() !== first ? chosen() : undefined));
    await operation(page, 'dispatch').waitFor({ timeout: kShort });
    await page.keyboard.press('Enter');
    await send_by_initials(page);
    await waiting.first().waitFor();
    await page.goto(`${city.http}/desk/assets`);
    await until('sent on leaving', async () => (await file(second)).stage !== 'pending_dispatch', 6000);
    assert.equal(numbers.length, 3);
  });
});

test('two people at one case: a decision that waits is held when the other was first, and sent only after a look', async () => {
  await with_desk(async ({ city, person, make, file, act }) => {
    const no = await make('两人同案');
    const page = await person('wang', 'dispatcher', '王');
    await page.goto(`${city.http}/desk/inbox?item=${no}`);
    await operation(page, 'dispatch').waitFor({ timeout: kShort });
    await page.keyboard.press('Enter');
    await send_by_initials(page);
    const waiting = page.locator(`[data-waiting="${no}"]`);
    await waiting.waitFor();
    await act(no, 'comment', { comment: '现场已有人' });
    await page.getByText('其他人刚刚改动了此案').waitFor({ timeout: 8000 });
    assert.match(await waiting.innerText(), /现场已有人/);
    await page.screenshot({ path: join(pictures, 'desk-inbox-held.png') });
    await nothing_serious(page, 'a held decision');
    await sleep(11_000);
    assert.equal((await file(no)).stage, 'pending_dispatch', 'held, not sent');
    await page.getByRole('button', { name: '看过改动，仍然发送' }).click();
    await until('sent after the look', async () => (await file(no)).stage !== 'pending_dispatch', 6000);

    // Who has a case open is seen by the other, until they leave.
    const shared = await make('谁在看', 'septic-500112-0001');
    const one = await person('sun', 'dispatcher', '孙');
    await page.goto(`${city.http}/desk/cases/${shared}`);
    await one.goto(`${city.http}/desk/inbox?item=${shared}`);
    await page.getByText('孙 也打开着此案').waitFor({ timeout: kShort });
    await one.getByText('王 也打开着此案').waitFor({ timeout: kShort });
    await page.screenshot({ path: join(pictures, 'desk-presence.png') });
    await nothing_serious(page, 'somebody else at the case');
    await one.goto(`${city.http}/desk/assets`);
    await page.getByText('孙 也打开着此案').waitFor({ state: 'detached', timeout: kShort });

    // The same on the case page: a diff by field, with who, and the choice.
    const other = await make('先后保存', 'septic-500106-0002');
    const late = await person('zhao', 'dispatcher', '赵');
    await late.goto(`${city.http}/desk/cases/${other}`);
    await operation(late, 'dispatch').waitFor({ timeout: kShort });
    await late.keyboard.press('e');
    await late.getByRole('dialog').getByRole('combobox').first().waitFor();
    let first = true;
    await late.route(`**/api/v1/cases/${other}/actions`, async (route) => {
      if (first) await act(other, 'dispatch', { unit: '500106-sanitation' });
      first = false;
      await route.continue();
    });
    await send_by_initials(late);
    const note = late.getByRole('alert').filter({ hasText: '再次提交' });
    await note.waitFor({ timeout: kShort });
    assert.match(await note.innerText(), /沙坪坝区环卫所/);
    assert.match(await note.innerText(), /maker/);
    await late.screenshot({ path: join(pictures, 'desk-conflict.png') });
    await nothing_serious(late, 'the conflict');
    assert.equal((await file(other)).unit, '500106-sanitation', 'nothing was overwritten');
  });
});
