// SPDX-License-Identifier: Apache-2.0
// The hotline: a call is taken while somebody speaks, who called before and what is open nearby stand beside it, the number is sealed and
// comes back for the call-back only; places that are reported again and again; two similar reports and how they become one.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { kPhone } from './browser.mjs';
import { until } from './city.mjs';
import { close_browser, kShort, nothing_serious, open_browser, operation, pick, picture, with_desk } from './desk_city.mjs';

before(open_browser);
after(close_browser);

const kNumber = '13912345678';
const kPlace = { type: 'Point', coordinates: [106.4502, 29.5438] };
const kLoose = { scheme: 'GB2013', type: 'component', code: '0106' };
const known = (page, what) => page.locator(`[data-known=${what}]`);

function holds(folder, words) {
  return readdirSync(folder).some((name) => {
    const path = join(folder, name);
    const what = statSync(path);
    return what.isDirectory() ? holds(path, words) : what.isFile() && readFileSync(path).includes(words);
  });
}

// A photo as a phone takes it, kept.
async function photo(city, page) {
  const base64 = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [320, 240];
    const draw = canvas.getContext('2d');
    draw.fillStyle = '#876';
    draw.fillRect(0, 0, 320, 240);
    return canvas.toDataURL('image/jpeg', 0.8).split(',')[1];
  });
  return (await city.must('POST', '/api/v1/attachments', new Uint8Array(Buffer.from(base64, 'base64')), city.admin, { 'content-type': 'image/jpeg' })).id;
}

test('a call: the same caller, the same place and similar cases stand beside it; joined instead of filed twice', async () => {
  await with_desk(async ({ city, person, report, file }) => {
    const before = await report({ title: '路灯不亮', class: { scheme: 'GB2013', type: 'event', code: '0401' }, location: { type: 'Point', coordinates: [106.44, 29.55] }, reporter: { name: '周先生', phone: `+86 ${kNumber}` } });
    const first = await report({ title: '井盖松动有响声', class: kLoose, location: kPlace });
    await report({ title: '井盖响', class: kLoose, location: kPlace });
    const page = await person('he', 'acceptor', { shown: '何' });
    await page.goto(`${city.http}/desk/intake`);
    const phone = page.locator('[name=caller_phone]');
    await phone.waitFor({ timeout: kShort });
    assert.ok(await phone.evaluate((box) => box === document.activeElement), 'one may type at once');
    await page.getByRole('button', { name: '受理', exact: true }).click();
    await page.getByText('请写明反映的问题').waitFor();
    await phone.fill('139 1234 5678');
    await known(page, 'caller').getByText('该号码此前反映 1 件').waitFor({ timeout: kShort });
    await known(page, 'caller').getByText('路灯不亮').waitFor();
    await page.locator('[name=caller_name]').fill('周先生');
    await page.locator('[name=title]').fill('井盖又松了');
    await pick(page, '区划', '沙坪坝', '沙坪坝');
    await pick(page, '类别', '0106', '0106');
    await known(page, 'similar').locator(`[data-similar="${first.case}"]`).waitFor({ timeout: kShort });
    await page.locator('.mini canvas').first().waitFor({ timeout: kShort });
    await page.locator('.mini canvas').first().click({ position: { x: 200, y: 130 } });
    await picture(page, 'desk-intake');
    await nothing_serious(page, 'the call');
    await until('asked around the place', async () => !(await known(page, 'similar').getByText('填写内容和位置').count()));
    // Without the click it is the area alone that finds the case; with it only what lies near.
    await page.reload();
    await phone.fill(kNumber);
    await page.locator('[name=title]').fill('井盖又松了');
    await pick(page, '区划', '沙坪坝', '沙坪坝');
    await pick(page, '类别', '0106', '0106');
    await known(page, 'similar').locator(`[data-similar="${first.case}"]`).getByRole('button', { name: '记入此案' }).click({ timeout: kShort });
    await page.getByText(/已记入/).waitFor({ timeout: kShort });
    const whole = await file(first.case);
    assert.equal(whole.reports.length, 3, 'all who reported stand in the case');
    assert.ok(whole.report_docs.some((one) => one.title === '井盖又松了' && one.case === first.case));
    await page.getByRole('button', { name: '再受理一件' }).click();

    // A new one is filed as a case of its own, and the number lies nowhere in clear.
    await phone.fill(kNumber);
    await known(page, 'caller').getByText('该号码此前反映 2 件').waitFor({ timeout: kShort });
    await page.locator('[name=title]').fill('行道树断枝');
    await pick(page, '区划', '沙坪坝', '沙坪坝');
    await page.getByRole('button', { name: '受理', exact: true }).click();
    await page.getByText(/已受理 \d/).waitFor({ timeout: kShort });
    assert.notEqual(before.case, null);
    assert.equal(holds(city.data, kNumber), false, 'sealed in every file of the folder');
    assert.ok(!city.said.includes(kNumber), 'and in no log');
    const small = await person('ma', 'acceptor', { shown: '马', viewport: kPhone });
    await small.goto(`${city.http}/desk/intake`);
    await small.locator('[name=title]').waitFor({ timeout: kShort });
    assert.ok(await small.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'a phone scrolls one way only');
    await picture(small, 'desk-intake-phone', { fullPage: true });
  });
});

test('the same number is known again in any writing, and not after the person is deleted; who may not ask is refused', async () => {
  await with_desk(async ({ city, report, token }) => {
    const one = await report({ title: '噪声', area: '500106', location: kPlace, class: { scheme: 'GB2013', type: 'event', code: '0128' }, reporter: { phone: '139-1234-5678' } });
    const asked = async (phone, by = token('acceptor')) => await city.call('POST', '/api/v1/reports:caller', { phone }, by);
    for (const phone of ['13912345678', '+86 139 1234 5678', '8613912345678']) assert.equal((await asked(phone)).body.total, 1, phone);
    const shown = (await asked('13912345678')).body.items[0];
    assert.equal(shown.reporter.phone, '139****5678');
    assert.equal((await asked('13912345679')).body.total, 0);
    assert.equal((await asked('123')).status, 422);
    assert.equal((await asked('13912345678', token('dispatcher'))).status, 403);
    assert.equal((await asked('13912345678', token('acceptor', '500112'))).body.total, 0, 'another district');
    await city.must('DELETE', `/api/v1/reports/${one.id}/reporter`, undefined, token('acceptor'));
    assert.equal((await asked('13912345678')).body.total, 0, 'forgotten');
  });
});

test('回访: whose case is closed is called back; the number is shown with a trace, the answer stands in the case', async () => {
  await with_desk(async ({ city, person, report, act, file, token }) => {
    const heard = await report({ title: '井盖松动', class: kLoose, location: kPlace, reporter: { name: '周先生', phone: kNumber } });
    const silent = await report({ title: '匿名反映', class: { scheme: 'GB2013', type: 'event', code: '0128' }, location: { type: 'Point', coordinates: [106.44, 29.55] } });
    const page = await person('he', ['acceptor'], { shown: '何' });
    await page.goto(`${city.http}/desk/callbacks`);
    await page.getByText('没有待回访的来件').waitFor({ timeout: kShort });
    for (const { case: no } of [heard, silent]) await act(no, 'force_close', { reason: '已现场处理' }, token('leader'));
    await page.reload();
    await page.getByText('井盖松动').waitFor({ timeout: kShort });
    assert.equal(await page.getByText('匿名反映').count(), 0, 'nobody to call');
    await page.getByText('139****5678').waitFor();
    await page.locator(`[data-reveal="${heard.case}"]`).click();
    await page.locator(`a[href="tel:${kNumber}"]`).waitFor({ timeout: kShort });
    const audit = (await city.must('GET', '/api/v1/audit?action=person.reveal')).items;
    assert.ok(audit.some((one) => one.subject === heard.id && one.actor === 'user:he'), JSON.stringify(audit));
    await picture(page, 'desk-callbacks');
    await nothing_serious(page, 'call-backs');
    await page.locator(`[data-revisit="${heard.case}"]`).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('select').selectOption('unsatisfied');
    await dialog.locator('textarea').fill('仍有响声');
    await dialog.locator('button[type=submit]').click();
    await page.getByText('没有待回访的来件').waitFor({ timeout: kShort });
    const whole = await file(heard.case);
    assert.equal(whole.course.satisfaction, 'unsatisfied');
    assert.ok(whole.timeline.some((one) => one.action === 'revisit' && one.comment === '仍有响声'));
  });
});

test('重复投诉点: the same class within 50 m again and again, over closed cases too; one that only sensors saw is none', async () => {
  await with_desk(async ({ city, person, report, act, token }) => {
    const at = (dx) => ({ type: 'Point', coordinates: [106.4502 + dx, 29.5438] });
    for (let i = 0; i < 3; i += 1) {
      const { case: no } = await report({ title: `占道 ${i}`, class: { scheme: 'GB2013', type: 'event', code: '0401' }, location: at(0.0001 * i), address: '石井坡菜场门口' });
      await act(no, 'force_close', { reason: '已清理' }, token('leader'));
    }
    for (let i = 0; i < 3; i += 1) await report({ title: `远处 ${i}`, class: { scheme: 'GB2013', type: 'event', code: '0401' }, location: at(0.01 + 0.001 * i) });
    for (let i = 0; i < 4; i += 1) await city.must('POST', '/api/v1/reports', { source: 'camera', title: `抓拍 ${i}`, class: { scheme: 'GB2013', type: 'event', code: '0402' }, location: at(0.02) });
    const page = await person('qian', 'inspector', { shown: '钱' });
    await page.goto(`${city.http}/desk/repeat`);
    await page.getByText('石井坡菜场门口').waitFor({ timeout: kShort });
    assert.equal(await page.locator('.host .one').count(), 1, 'one place');
    assert.match(await page.locator('.host .one').innerText(), /^3\n/);
    assert.equal(await page.locator('.host .one a').count(), 3, 'its cases');
    await picture(page, 'desk-repeat');
    await nothing_serious(page, 'repeated complaints');
    const there = (await city.must('GET', '/api/v1/repeat-points', undefined, token('dispatcher', '500112'))).items;
    assert.deepEqual(there, []);
  });
});

test('two similar reports: offered with photo and distance, merged, and both reporters hear of the one case', async () => {
  await with_desk(async ({ city, person, report, file }) => {
    const page = await person('he', ['acceptor', 'dispatcher'], { shown: '何' });
    const first = await report({ title: '井盖破损', class: kLoose, location: kPlace, reporter: { phone: kNumber }, attachments: [await photo(city, page)] });
    const second = await report({ title: '路面有坑', class: { scheme: 'GB2013', type: 'event', code: '0113' }, location: { type: 'Point', coordinates: [106.4505, 29.5438] }, reporter: { phone: '13700000000' } });
    assert.notEqual(first.case, second.case);
    await page.goto(`${city.http}/desk/inbox?item=${second.case}`);
    const offered = page.locator(`[data-similar="${first.case}"]`);
    await offered.waitFor({ timeout: kShort });
    assert.match(await offered.innerText(), /29 ?(m|米)/);
    await until('its photo is shown', async () => await offered.locator('img').evaluate((image) => image.complete && image.naturalWidth > 0));
    await picture(page, 'desk-similar');
    await operation(page, 'merge').waitFor({ timeout: kShort });
    await page.keyboard.press('m');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await dialog.locator('button[type=submit]').click();
    await page.getByRole('button', { name: '立即发送' }).first().click({ timeout: kShort });
    await until('merged', async () => (await file(second.case)).merged_into === first.case);
    const whole = await file(first.case);
    assert.deepEqual([...whole.reports].sort(), [first.id, second.id].sort());
    for (const { id } of [first, second]) assert.equal((await city.must('GET', `/api/v1/reports/${id}`)).case, first.case, 'each report leads to the one case');
  });
});
