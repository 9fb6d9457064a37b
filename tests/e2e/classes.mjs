// SPDX-License-Identifier: Apache-2.0
// Classes and 立结案标准: shipped, chosen at filing, exported and imported with another limit; on the page too.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { City, until } from './city.mjs';
import { axe_findings, launch, sign_in } from './browser.mjs';

const kPassword = 'Correct-Horse-1';

async function with_city(work) {
  const city = await new City().start();
  try {
    await city.lay_out();
    await work(city);
  } finally {
    await city.stop();
  }
}
const garbage = { title: '路口暴露垃圾', class: '0301', location: { type: 'Point', coordinates: [106.4502, 29.5438] } };
const toilet = { ...garbage, title: '公厕异味', class: { scheme: 'GB2013', type: 'component', code: '0301' } };

async function act(city, who, no, action, body = {}) {
  const file = await city.must('GET', `/api/v1/cases/${no}`);
  return await city.call('POST', `/api/v1/cases/${no}/actions`, { action, ...body }, who, { 'if-match': `"${file.rev}"` });
}

test('shipped, chosen at filing, its limit is the deadline; another limit from the next import on', async () => {
  await with_city(async (city) => {
    const shift = city.token('shift', 'shift_leader'), collector = city.token('collector', 'collector', '500106');
    const { items } = await city.must('GET', '/api/v1/classes?scheme=GB2013&type=component&code=0303');
    assert.equal(items[0].name, '化粪池');
    assert.equal(items[0].conditions[0].limit, '4UH');
    assert.equal((await city.must('GET', '/api/v1/classes?q=化粪池&scheme=CJT214')).items[0].code, '0302', 'the other scheme numbers it otherwise');

    const { case: no } = await city.must('POST', '/api/v1/reports', toilet, collector);
    const offer = (await city.must('GET', `/api/v1/cases/${no}`, undefined, shift)).actions.find((one) => one.name === 'register');
    assert.ok(offer.required.includes('standard'), JSON.stringify(offer));
    assert.equal((await act(city, shift, no, 'register')).status, 422);
    const filed = await act(city, shift, no, 'register', { standard: '2' });
    assert.equal(filed.status, 200, JSON.stringify(filed.body));
    assert.equal(filed.body.limit, '4WH');
    assert.equal(filed.body.class_name, '公共厕所');
    assert.equal(filed.body.course.standard, 'GB2013/component/0301/2');
    assert.equal(filed.body.candidates[0].unit, '500106-sanitation', 'by the duty of the class');

    const exported = await city.call('GET', '/api/v1/classes:export');
    assert.match(exported.headers.get('content-type'), /text\/csv/);
    assert.equal((await city.must('POST', '/api/v1/classes:import', exported.body, city.admin, { 'content-type': 'text/csv' })).updated, 0, 'what went out comes in unchanged');
    const changed = exported.body.replace(/(免费洗手液、厕纸缺失,[^,]*,)4WH/, '$12WH');
    assert.notEqual(changed, exported.body);
    const district = city.token('keeper', 'integrator', '500106');
    assert.equal((await city.call('POST', '/api/v1/classes:import', changed, district, { 'content-type': 'text/csv' })).status, 403, 'a district does not change the city');
    assert.equal((await city.call('POST', '/api/v1/classes:import', changed, shift, { 'content-type': 'text/csv' })).status, 403);
    assert.equal((await city.must('POST', '/api/v1/classes:import', changed, city.admin, { 'content-type': 'text/csv' })).updated, 1);
    await city.kill();
    await city.start();
    assert.equal((await city.must('GET', `/api/v1/cases/${no}`)).limit, '4WH', 'a running case keeps its limit');
    const next = await city.must('POST', '/api/v1/reports', { ...toilet, location: { type: 'Point', coordinates: [106.43, 29.53] } }, collector);
    assert.equal((await act(city, shift, next.case, 'register', { standard: '2' })).body.limit, '2WH');

    const bad = 'scheme,type,code,name,condition,filing,closing,limit\nGB2013,event,0110,暴露垃圾,1,x,y,soon\nGB2013,event,0111,渣土,1,x,y,1WD\n';
    const told = await city.must('POST', '/api/v1/classes:import', bad, city.admin, { 'content-type': 'text/csv' });
    assert.equal(told.failed, 1);
    assert.match(told.errors[0].detail, /line 2.*limit/);
    assert.equal((await city.call('POST', '/api/v1/classes:import', 'a,b\n1,2\n', city.admin, { 'content-type': 'text/csv' })).status, 422);
    writeFileSync(join(city.data, 'own.csv'), 'scheme,type,code,name,condition,filing,closing,limit\nCQ,event,9001,江边夜市,1,占道,恢复,2UH\n');
    assert.match(city.run(['import', 'classes', join(city.data, 'own.csv')]), /"created":1/);
    assert.equal((await city.must('GET', '/api/v1/classes?scheme=CQ')).items.length, 1);
  });
});

test('a class without a pack finds its unit, and reports within its radius are one case', async () => {
  await with_city(async (city) => {
    const collector = city.token('collector', 'collector', '500106');
    const ponding = (lng) => ({ title: '积水', class: '0506', location: { type: 'Point', coordinates: [lng, 29.5438] } });
    const first = await city.must('POST', '/api/v1/reports', ponding(106.45), collector);
    const near = await city.must('POST', '/api/v1/reports', ponding(106.451), collector);
    assert.equal(near.case, first.case, '97 m, and the table says 150');
    const heap = await city.must('POST', '/api/v1/reports', { ...garbage, class: '0110' }, collector);
    const other = await city.must('POST', '/api/v1/reports', { ...garbage, class: '0110', location: { type: 'Point', coordinates: [106.4512, 29.5438] } }, collector);
    assert.notEqual(other.case, heap.case, '97 m, and the city says 50');
  });
});

test('the page: found by words, exported, imported; the shift leader picks the standard when filing', async () => {
  const browser = await launch();
  try {
    await with_city(async (city) => {
      const { case: no } = await city.must('POST', '/api/v1/reports', toilet, city.token('collector', 'collector', '500106'));
      await city.must('PUT', '/api/v1/users/boss', { person: '李班长', roles: ['shift_leader', 'admin'], area: '50', password: kPassword, must_change: false });
      const page = await sign_in(browser, city, 'boss', kPassword, { viewport: { width: 1440, height: 900 } });
      await page.goto(`${city.http}/desk/admin/classes?q=${encodeURIComponent('古树')}`);
      await page.getByText('倒伏、倾斜、枝干折断').waitFor({ timeout: 15_000 });
      await page.getByText('清理或加固保护').first().waitFor();
      assert.deepEqual(await axe_findings(page), []);
      if (process.env.CITYLOOP_PICTURES) {
        mkdirSync(process.env.CITYLOOP_PICTURES, { recursive: true });
        await page.goto(`${city.http}/desk/admin/classes?class=GB2013/component/0301`);
        await page.getByText('工具摆放不整齐').waitFor();
        await page.screenshot({ path: join(process.env.CITYLOOP_PICTURES, 'classes.png') });
      }
      await page.locator('input[type=file]').setInputFiles({ name: 'own.csv', mimeType: 'text/csv', buffer: Buffer.from('scheme,type,code,name\nCQ,event,9001,江边夜市\n') });
      await page.getByText(/新增 1/).waitFor({ timeout: 15_000 });

      // From the inbox too, where the class stands and the standard must be chosen.
      const { case: second } = await city.must('POST', '/api/v1/reports', { ...toilet, title: '公厕积水', location: { type: 'Point', coordinates: [106.43, 29.53] } }, city.token('other', 'collector', '500106'));
      await page.goto(`${city.http}/desk/inbox`);
      await page.getByText('公厕积水').first().click({ timeout: 15_000 });
      await page.locator('[data-operation="register"]').click({ timeout: 15_000 });
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('combobox').nth(1).fill('洗手液');
      await dialog.getByRole('option', { name: /洗手液/ }).first().click();
      await dialog.locator('button[type=submit]').click();
      await dialog.waitFor({ state: 'hidden', timeout: 15_000 });
      await until('the decision is sent after its ten seconds', async () => (await city.must('GET', `/api/v1/cases/${second}`)).course.standard === 'GB2013/component/0301/2', 25_000);

      await page.goto(`${city.http}/desk/cases/${no}`);
      await page.locator('[data-operation="register"]').click({ timeout: 15_000 });
      const boxes = dialog.getByRole('combobox');
      await boxes.nth(1).fill('异味');
      await dialog.getByRole('option', { name: /异味/ }).first().click();
      if (process.env.CITYLOOP_PICTURES) await page.screenshot({ path: join(process.env.CITYLOOP_PICTURES, 'register.png') });
      await dialog.locator('button[type=submit]').click();
      await dialog.waitFor({ state: 'hidden', timeout: 15_000 });
      const file = await city.must('GET', `/api/v1/cases/${no}`);
      assert.equal(file.stage, 'pending_dispatch');
      assert.equal(file.course.standard, 'GB2013/component/0301/4');
      assert.equal(file.limit, '1WD');
      assert.deepEqual(page.complaints, []);
    });
  } finally {
    await browser.close();
  }
});
