// SPDX-License-Identifier: Apache-2.0
// Search by number, place, asset and person, in Chinese, by initials and by parts of numbers; nobody finds what they may not see, by
// search, list, export or an address typed by hand. And the keys: all shown, none taken from who types.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { sleep, until } from './city.mjs';
import { close_browser, kShort, nothing_serious, open_browser, picture, with_desk } from './desk_city.mjs';

before(open_browser);
after(close_browser);

const kPhone = '13800001111';

async function with_things(work) {
  await with_desk(async (desk) => {
    const { city, make, report, account, token } = desk;
    await city.must('PUT', '/api/v1/assets/cover-lamp-01', { kind: 'manhole_cover', name: '谊园路路灯井盖', location: { type: 'Point', coordinates: [106.6307, 29.7182] }, component_code: '5001120106000042' });
    const home = await make('重阳街化粪池异味', 'septic-500106-0001', { address: '石井坡街道团结坝' });
    const away = await make('重阳街化粪池外溢', 'septic-500112-0001', { address: '回兴街道' });
    const { id } = await report({ title: '井盖松动', class: { scheme: 'GB2013', type: 'component', code: '0106' }, location: { type: 'Point', coordinates: [106.6307, 29.7182] }, reporter: { name: '周先生', phone: kPhone } });
    await account('hufang', 'handler', { shown: '胡芳', area: '500106', unit: '500106-sanitation' });
    await account('gaoyuan', 'handler', { shown: '高原', area: '500112', unit: '500112-green' });
    await work({ ...desk, home, away, report_id: id, token });
  });
}

// What the palette finds, one line each; and how long it took from the last letter.
async function find(page, words) {
  if (!(await page.getByRole('dialog').count())) await page.keyboard.press('Control+k');
  const box = page.getByRole('dialog').getByRole('combobox');
  await box.fill('');
  await until('empty again', async () => (await page.locator('#hits [data-found]').count()) === 0);
  const answers = page.waitForResponse((answer) => answer.url().includes('/people?'), { timeout: kShort });
  const from = Date.now();
  await box.fill(words);
  await answers;
  await sleep(60);
  const took = Date.now() - from - 60;
  return { text: await page.locator('#hits').innerText(), took };
}

test('found by Chinese, by initials, by parts of numbers; the address leads there', async () => {
  await with_things(async ({ city, person, home }) => {
    const page = await person('li', 'dispatcher', { shown: '李' });
    await page.goto(`${city.http}/desk/cases`);
    await page.getByText('重阳街化粪池异味').first().waitFor({ timeout: kShort });
    const times = [];
    for (const [words, expected] of [
      [home.slice(-7), '重阳街化粪池异味'],                    // a part of the case number
      ['团结坝', '重阳街化粪池异味'], ['tjb', '重阳街化粪池异味'],   // the place
      ['cyj', '重阳街化粪池异味'], ['zyj', '重阳街化粪池异味'],      // a character of two readings
      ['谊园路', '谊园路路灯井盖'], ['yyl', '谊园路路灯井盖'], ['000042', '谊园路路灯井盖'], ['lamp-01', '谊园路路灯井盖'],
      ['胡芳', '胡芳'], ['hf', '胡芳'], ['spbqh', '沙坪坝区环卫所'], ['spb', '沙坪坝区'],
    ]) {
      const { text, took } = await find(page, words);
      assert.ok(text.includes(expected), `${words}: ${text}`);
      times.push(took);
    }
    times.sort((a, b) => a - b);
    console.log(`bench search: from the last letter to the hits p50 ${times[6]} ms, worst ${times.at(-1)} ms`);
    await picture(page, 'desk-search');
    await nothing_serious(page, 'the search');
    const { text } = await find(page, '没有这个地方');
    assert.match(text, /没有/);
    // An input method that composes asks nothing, and its Enter chooses nothing.
    const box = page.getByRole('dialog').getByRole('combobox');
    let asked = 0;
    page.on('request', (request) => (asked += request.url().includes('/api/v1/people?') ? 1 : 0));
    await box.evaluate((input) => input.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true })));
    await box.fill('tuanjie');
    await sleep(400);
    assert.equal(asked, 0, 'half a syllable is not asked for');
    await box.evaluate((input) => input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true })));
    assert.ok(await page.getByRole('dialog').isVisible());
    await box.evaluate((input) => input.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true })));
    await until('asked once it is composed', async () => asked === 1);

    await find(page, '胡芳');
    await until('the person stands first', async () => /胡芳/.test(await page.locator('#hits li').first().innerText()));
    await page.keyboard.press('Enter');
    await page.waitForURL(/handler=user%3Ahufang/);
    await page.getByText('处置人员 胡芳').waitFor();
  });
});

test('a district finds, lists, exports and opens its own only; a phone number only with a reason that is kept', async () => {
  await with_things(async ({ city, person, home, away, report_id, token }) => {
    const page = await person('he', 'acceptor', { shown: '何', area: '500106' });
    await page.goto(`${city.http}/desk/cases`);
    await page.getByText('重阳街化粪池异味').first().waitFor({ timeout: kShort });
    assert.equal(await page.getByText('重阳街化粪池外溢').count(), 0, 'the list');
    for (const words of ['重阳街', 'cyj', '谊园路', 'yyl', '高原', 'gy', '园林', 'septic-5001', away.slice(-12)]) {
      const { text } = await find(page, words);
      for (const foreign of ['外溢', '谊园路', '高原', '渝北区园林局', 'septic-500112']) assert.ok(!text.includes(foreign), `${words} found ${foreign}: ${text}`);
    }
    await page.keyboard.press('Escape');
    const csv = await page.evaluate(async () => await (await fetch('/api/v1/cases?format=csv')).text());
    assert.ok(csv.includes(home) && !csv.includes(away), 'the export');
    for (const path of [`/desk/cases/${away}`, '/desk/assets/cover-lamp-01', '/desk/cases?area=500112']) {
      await page.goto(`${city.http}${path}`);
      await page.getByText(/不在您的辖区|不在您的区域|超出.*(辖区|范围)|Outside/).first().waitFor({ timeout: kShort });
      assert.equal(await page.getByText(/外溢|谊园路/).count(), 0, path);
    }
    await page.goto(`${city.http}/desk/assets`);
    await page.getByText('septic-500106-0001').first().waitFor({ timeout: kShort });
    assert.equal(await page.getByText(/谊园路/).count(), 0, 'the register, and with it the map');

    // Who called: masked for the desk, nobody for who mends, in full only with a reason, which the audit keeps.
    const all = await person('zhao', 'acceptor', { shown: '赵' });
    const file = (await city.must('GET', '/api/v1/cases?q=井盖松动')).items[0];
    await all.goto(`${city.http}/desk/cases/${file.no}`);
    await all.getByText('138****1111').first().waitFor({ timeout: kShort });
    assert.ok(!(await all.content()).includes(kPhone));
    const mender = await city.call('GET', `/api/v1/reports/${report_id}`, undefined, token('handler', '500112'));
    assert.equal(mender.body.reporter, null);
    assert.equal((await city.call('POST', `/api/v1/reports/${report_id}/reveal`, {}, token('acceptor'))).status, 422);
    assert.equal((await city.must('POST', `/api/v1/reports/${report_id}/reveal`, { reason: '核实地点' }, token('acceptor'))).phone, kPhone);
    const audit = (await city.must('GET', '/api/v1/audit?action=person.reveal')).items;
    assert.ok(audit.some((one) => one.subject === report_id && one.outcome === 'ok'), JSON.stringify(audit));
  });
});

test('every key of a page is shown, and none of them works for who types', async () => {
  await with_things(async ({ city, person }) => {
    const page = await person('wu', ['dispatcher', 'acceptor'], { shown: '吴' });
    for (const [path, words] of [['/desk/inbox', ['下一条', '撤销', '交接班']], ['/desk/cases', ['打开', '选中', '转到筛选', '刷新', '交接班']], ['/desk/alarms', ['下一条', '刷新']]]) {
      await page.goto(`${city.http}${path}`);
      await page.locator('main h1').first().waitFor({ timeout: kShort });
      await sleep(500);
      await page.keyboard.press('?');
      const help = page.getByRole('dialog');
      await help.waitFor();
      const text = await help.innerText();
      for (const word of words) assert.ok(text.includes(word), `${path}: ${word}: ${text}`);
      assert.ok((await help.locator('kbd').count()) >= 8);
      await page.keyboard.press('Escape');
      await help.waitFor({ state: 'detached' });
    }
    await page.goto(`${city.http}/desk/cases`);
    const box = page.locator('[data-filter=q]');
    await box.click();
    await page.keyboard.type('gi?jkxr');
    assert.equal(await box.inputValue(), 'gi?jkxr');
    assert.equal(await page.getByRole('dialog').count(), 0);
    assert.ok(page.url().includes('/desk/cases'));
    // An input method that composes outside a box: its keys are its own.
    await page.locator('main h1').click();
    for (const key of ['?', 'j', 'x', 'g', 'i'])
      await page.evaluate((one) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: one, isComposing: true, bubbles: true })), key);
    await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Process', keyCode: 229, bubbles: true })));
    await sleep(200);
    assert.equal(await page.getByRole('dialog').count(), 0);
    assert.ok(page.url().includes('/desk/cases'));
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.waitForURL(/\/desk\/shift/);
  });
});
