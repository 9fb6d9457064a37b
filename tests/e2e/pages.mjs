// SPDX-License-Identifier: Apache-2.0
// The two stories of the seed by clicking: a device speaks over MQTT, each person acts in a browser of their own, and nobody's page
// complains. Then pictures of the pages at wall and phone size, with their texts, axe-core's findings and a map that is not blank:
// into build/pictures, or with WRITE_PICTURES=1 into docs/pictures.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { axe_findings, pixels_of, kPhone, kWall, launch, sign_in } from './browser.mjs';
import { City, iso, root, until } from './city.mjs';
import { Mqtt } from './mqtt.mjs';

const kPassword = 'Correct-Horse-1';
const writing = Boolean(process.env.WRITE_PICTURES);
const pictures = join(root, writing ? 'docs/pictures' : 'build/pictures');
const kShort = 20_000;
const kMap = '.map, [data-map], .maplibregl-map';

let browser;
before(async () => (browser = await launch()));
after(async () => await browser.close());

// People of one district and one unit, each with a browser.
async function with_people(unit, area, duty, work) {
  const city = await new City().start();
  const pages = [];
  try {
    city.admin = city.token('e2e', 'admin');
    await city.must('PUT', `/api/v1/units/${unit}`, { name: '责任单位', area, duties: [duty] });
    const person = async (name, role, options) => {
      const own = ['unit_desk', 'handler'].includes(role);
      await city.must('PUT', `/api/v1/users/${name}`, { person: options?.person ?? name, roles: [role], area: own || role === 'collector' ? area : '50', ...(own ? { unit } : {}), password: kPassword, must_change: role === 'handler' });
      const page = await sign_in(browser, city, name, kPassword, options);
      if (role === 'handler') await change_password(page);
      pages.push(page);
      return page;
    };
    await work(city, person);
    for (const page of pages) assert.deepEqual(page.complaints, [], page.url());
  } finally {
    for (const page of pages) await page.context().close();
    await city.stop();
  }
}

async function device_of(city, assets) {
  const [, id, secret] = /id=(\S+) secret=(\S+)/.exec(city.run(['credential', 'gateway', '--assets', assets]));
  const device = new Mqtt(city.mqtt_host, city.mqtt_port);
  assert.equal((await device.connect({ user: id, password: secret, client: 'gateway' })).reason, 0);
  return async (asset, at, values) => assert.equal((await device.publish(`city/v1/${asset}/readings`, { at: iso(at), values })).reason, 0);
}

// The password that the administrator set is changed before anything else.
async function change_password(page) {
  const dialog = page.getByRole('dialog', { name: '首次登录请修改密码' });
  const boxes = dialog.locator('input[type=password]');
  await boxes.nth(0).fill(kPassword);
  await boxes.nth(1).fill('Another-Horse-2');
  await boxes.nth(2).fill('Another-Horse-2');
  await dialog.getByRole('button', { name: '保存' }).click();
  await dialog.waitFor({ state: 'detached', timeout: kShort });
  page.complaints = page.complaints.filter((one) => !one.includes('auth.must_change'));
}

// A photo as a phone takes it.
async function photo(page) {
  const base64 = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 480];
    const draw = canvas.getContext('2d');
    draw.fillStyle = '#7a8';
    draw.fillRect(0, 0, 640, 480);
    draw.fillStyle = '#345';
    draw.fillRect(Math.random() * 300, 120, 240, 200);
    return canvas.toDataURL('image/jpeg', 0.8).split(',')[1];
  });
  return { name: 'after.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(base64, 'base64') };
}

const stage_of = async (city, no) => (await city.must('GET', `/api/v1/cases/${no}`)).stage;
const reaches = (city, no, stage) => until(stage, async () => (await stage_of(city, no)) === stage, kShort);

// The button of one offered action on the case page, and its form sent.
async function act(page, action, fill = async () => {}) {
  await page.locator(`[data-operation="${action}"]:not([aria-disabled])`).first().click({ timeout: kShort });
  const dialog = page.getByRole('dialog');
  if (await dialog.waitFor({ timeout: 1500 }).then(() => true, () => false)) {  // some need no words
    await fill(dialog);
    await dialog.locator('button[type=submit]').click();
    await dialog.waitFor({ state: 'hidden', timeout: kShort });
  }
}

// The button stands once the sensor agrees; then it is pressed.
async function close_when_offered(page, city, no) {
  const button = page.locator('[data-operation="close"]:not([aria-disabled])');
  await until('the close is offered', async () => {
    await page.reload();
    return await button.waitFor({ timeout: 5000 }).then(() => true, () => false);
  }, 60_000);
  await act(page, 'close');
  await reaches(city, no, 'closed');
}

// Who, when and how long: each stage of the closed case shows its time, and together they are the whole.
async function the_stages_add_up(page, city, no) {
  await page.goto(`${city.http}/desk/cases/${no}`);
  const total = Number(await page.locator('.stepper [data-total]').getAttribute('data-total', { timeout: kShort }));
  const parts = await page.locator('.stepper [data-ms]').evaluateAll((all) => all.map((one) => Number(one.dataset.ms)));
  const file = await city.must('GET', `/api/v1/cases/${no}`);
  assert.equal(total, Date.parse(file.closed_at) - Date.parse(file.opened_at));
  assert.equal(parts.reduce((sum, one) => sum + one, 0), total, String(parts));
  assert.ok(parts.filter((one) => one > 0).length >= 5, `the stages took ${parts}`);
  const entries = await page.locator('.timeline li').allInnerTexts();
  for (const words of [/派遣[\s\S]*desk/, /接受[\s\S]*crew/, /核查[\s\S]*duty/, /结案[\s\S]*duty/]) assert.ok(entries.some((one) => words.test(one)), `${words}: ${entries.join('\n--\n')}`);
}

// Accepts, signs in at the place, photographs, sends: the crew's phone.
async function crew_mends(crew, city, no, title) {
  await crew.getByText(title).first().click({ timeout: kShort });
  await crew.getByRole('button', { name: '接受', exact: true }).click();
  await reaches(city, no, 'handling');
  await crew.getByRole('button', { name: '到场签到' }).click();
  await crew.getByRole('button', { name: '确认到场' }).click();
  await crew.getByRole('button', { name: '提交完成' }).click();
  await crew.getByRole('alert').filter({ hasText: '照片' }).waitFor();
  assert.equal(await stage_of(city, no), 'handling', 'not without a photo');
  await crew.locator('input[type=file]').first().setInputFiles(await photo(crew));
  await crew.locator('.picker figure').first().waitFor();
  await crew.getByRole('button', { name: '提交完成' }).click();
  await reaches(city, no, 'handle_finish');
}

test('the septic tank: from the gas to the closed case, every step by clicking', async () => {
  await with_people('500106-sanitation', '500106', 'sanitation', async (city, person) => {
    await city.must('PUT', '/api/v1/assets/septic-500106-0001', { kind: 'septic_tank', name: '石井坡 1 号化粪池', location: { type: 'Point', coordinates: [106.4502, 29.5438] }, attributes: { depth_m: 3.2 } });
    const say = await device_of(city, 'septic-*');
    const wall = await person('duty', 'shift_leader');
    const desk = await person('desk', 'dispatcher');
    const unit = await person('unit', 'unit_desk');
    const crew = await person('crew', 'handler', { viewport: kPhone });
    const checker = await person('check', 'collector', { viewport: kPhone });
    await wall.goto(`${city.http}/screen/overview`);
    await wall.locator('canvas').first().waitFor({ timeout: kShort });
    assert.equal((await pixels_of(wall, kMap)).red, 0, 'nothing red before');
    const start = Date.now() - 300_000;
    await say('septic-500106-0001', start, { ch4: 150 });

    // The red dot, the list, the file of the tank; seen.
    const row = wall.getByText(/甲烷 150/).first();
    await row.waitFor({ timeout: kShort });
    await until('the dot', async () => (await wall.evaluate(() => JSON.parse(JSON.stringify(window.__city.metrics)).alarm_to_pixel.n)) > 0, kShort);
    await until('the red dot', async () => (await pixels_of(wall, kMap)).red > 20, kShort);
    await row.click();
    const drawer = wall.locator('section.drawer');
    await drawer.waitFor({ timeout: kShort });
    await drawer.getByRole('tab', { name: '档案' }).click();
    await drawer.getByText(/3\.2/).first().waitFor({ timeout: kShort });
    await drawer.getByRole('tab').nth(1).click();  // why: the rule and the sample
    await drawer.getByText(/ch4 >= 100/).first().waitFor({ timeout: kShort });
    await drawer.locator('[data-operation$=acknowledge]').click();
    const alarm = await until('acknowledged', async () => {
      const one = (await city.must('GET', '/api/v1/alarms?state=firing')).items[0];
      return one.acknowledged && one;
    }, kShort);
    const no = alarm.case;

    await desk.goto(`${city.http}/desk/cases/${no}`);
    await act(desk, 'dispatch', async (dialog) => {
      await dialog.getByRole('combobox').fill('责任单位');
      await dialog.getByRole('option', { name: /责任单位/ }).first().click();
    });
    await reaches(city, no, 'pending_handle');
    await crew_mends(crew, city, no, /石井坡 1 号化粪池/);
    await unit.goto(`${city.http}/desk/cases/${no}`);
    await act(unit, 'feedback');
    await reaches(city, no, 'pending_feedback');
    await act(desk, 'feedback');
    await reaches(city, no, 'checking');
    await checker.goto(`${city.http}/f/tasks`);
    await checker.getByRole('tab', { name: /核/ }).or(checker.getByRole('button', { name: /核实核查/ })).first().click();
    await checker.getByText(/石井坡 1 号化粪池/).first().click();
    await checker.getByText('合格', { exact: true }).click({ timeout: kShort });
    await checker.getByRole('button', { name: '提交核查' }).click();
    await reaches(city, no, 'pending_close');

    // The tank still holds gas: the page says why nobody may close.
    await wall.goto(`${city.http}/desk/cases/${no}`);
    const refused = wall.locator('.reasons div').filter({ has: wall.locator('dd', { hasText: /(^|· )结案( ·|$)/ }) });
    assert.match(await refused.locator('dt').innerText({ timeout: kShort }), /传感器/);
    assert.equal(await wall.locator('[data-operation="close"]').count(), 0, 'no button to press');
    for (let at = start + 30_000; at < Date.now(); at += 30_000) await say('septic-500106-0001', at, { ch4: 1.2, h2s: 0.5 });
    await say('septic-500106-0001', Date.now(), { ch4: 1.2, h2s: 0.5 });
    await close_when_offered(wall, city, no);
    // Seen and over: the screen has nothing of it any more.
    await wall.goto(`${city.http}/screen/overview`);
    await wall.getByText('报警', { exact: true }).first().waitFor();
    await wall.getByText(/甲烷 150/).waitFor({ state: 'detached', timeout: kShort });
    await until('no red dot', async () => (await pixels_of(wall, kMap)).red === 0, kShort);
  });
});

test('the manhole cover of 谊园路: street and bureau know, it is replaced, the sensor agrees', async () => {
  await with_people('500113-lamp', '500113', 'lamp', async (city, person) => {
    await city.must('PUT', '/api/v1/assets/cover-lamp-01', { kind: 'manhole_cover', name: '谊园路路灯井盖', location: { type: 'Point', coordinates: [106.545, 29.385] }, component_code: '5001130106000001', owner_unit: '500113-lamp' });
    const say = await device_of(city, 'cover-*');
    const wall = await person('duty', 'shift_leader');
    const desk = await person('desk', 'dispatcher');
    const unit = await person('unit', 'unit_desk');
    const crew = await person('crew', 'handler', { viewport: kPhone });
    const bureau = await person('bureau', 'collector');
    await wall.goto(`${city.http}/screen/overview`);
    await wall.locator('canvas').first().waitFor({ timeout: kShort });
    const start = Date.now() - 300_000;
    await say('cover-lamp-01', start, { tilt: 0.8, displacement: 0 });
    await say('cover-lamp-01', start + 10_000, { tilt: 96, displacement: 3.5 });
    await wall.getByText(/井盖倾角 96/).first().waitFor({ timeout: kShort });
    const alarm = await until('the case', async () => {
      const one = (await city.must('GET', '/api/v1/alarms?state=firing')).items[0];
      return one?.case && one;
    }, kShort);
    const file = await city.must('GET', `/api/v1/cases/${alarm.case}`);
    assert.equal(file.class.code, '0106');
    assert.equal(file.area, '500113');
    await bureau.goto(`${city.http}/desk/cases`);
    await bureau.getByText(/谊园路路灯井盖/).first().waitFor({ timeout: kShort });
    const stranger = city.token('elsewhere', 'collector', '500106');
    assert.equal((await city.must('GET', '/api/v1/cases', undefined, stranger)).items.length, 0, 'another district hears nothing');
    assert.ok(Date.parse(file.deadline.at) - Date.now() < 2 * 86_400_000, 'within two days');
    await desk.goto(`${city.http}/desk/inbox`);
    await desk.getByText(/谊园路路灯井盖/).first().click();
    await act(desk, 'dispatch', async (dialog) => {
      const box = dialog.getByRole('combobox');
      if (!(await box.inputValue())) {
        await box.fill('责任单位');
        await dialog.getByRole('option', { name: /责任单位/ }).first().click();
      }
    });
    await reaches(city, alarm.case, 'pending_handle');
    await crew_mends(crew, city, alarm.case, /谊园路路灯井盖/);
    await unit.goto(`${city.http}/desk/cases/${alarm.case}`);
    await act(unit, 'feedback');
    await reaches(city, alarm.case, 'pending_feedback');
    await desk.goto(`${city.http}/desk/cases/${alarm.case}`);
    await act(desk, 'feedback');
    await reaches(city, alarm.case, 'checking');
    await wall.goto(`${city.http}/desk/cases/${alarm.case}`);
    await act(wall, 'check', async (dialog) => dialog.locator('textarea').first().fill('ok'));
    await reaches(city, alarm.case, 'pending_close');
    for (let at = start + 60_000; at < Date.now(); at += 60_000) await say('cover-lamp-01', at, { tilt: 1, displacement: 0.01 });
    await say('cover-lamp-01', Date.now(), { tilt: 1, displacement: 0.01 });
    await close_when_offered(wall, city, alarm.case);
    await the_stages_add_up(wall, city, alarm.case);
  });
});

// A small city with something of everything: quiet assets, four levels, a case at each step, one bad value.
const kPlaces = [['解放碑', 106.574, 29.559], ['化龙桥', 106.522, 29.553], ['观音桥', 106.53, 29.576], ['杨家坪', 106.508, 29.51], ['三峡广场', 106.453, 29.557],
  ['石井坡', 106.4502, 29.5438], ['礼嘉', 106.529, 29.66], ['谊园路', 106.545, 29.385], ['北碚', 106.437, 29.805], ['万州', 108.38, 30.81], ['涪陵', 107.39, 29.7], ['永川', 105.92, 29.36],
  ['江津', 106.26, 29.29], ['合川', 106.28, 29.97], ['长寿', 107.08, 29.86], ['开州', 108.39, 31.16], ['黔江', 108.77, 29.53], ['巫山', 109.88, 31.07], ['綦江', 106.65, 29.03], ['丰都', 107.73, 29.86]];

async function furnish(city) {
  const features = [];
  for (const [i, [place, lng, lat]] of kPlaces.entries())
    for (const [kind, name, id, n] of [['septic_tank', '化粪池', 'septic', 3], ['manhole_cover', '路灯井盖', 'cover', 3], ['ancient_tree', '黄葛树', 'tree', 1], ['air_station', '空气站', 'air', 1]])
      for (let k = 0; k < n; k += 1)
        features.push({ type: 'Feature', id: `${id}-${i}-${k}`, geometry: { type: 'Point', coordinates: [lng + 0.012 * k + (kind === 'tree' ? 0.02 : 0), lat + 0.006 * (k + id.length % 3)] },
          properties: { kind, name: `${place}${n > 1 ? ` ${k + 1} 号` : ''}${name}` } });
  assert.equal((await city.must('POST', '/api/v1/assets:import', { type: 'FeatureCollection', features })).failed, 0);
  const from = Date.now() - 1_800_000;
  const rows = [];
  for (let at = from; at < Date.now(); at += 60_000)
    for (const [i] of kPlaces.entries())
      for (let k = 0; k < 3; k += 1) {
        const wave = Math.sin(at / 400_000 + i + k);
        rows.push({ asset: `septic-${i}-${k}`, at: iso(at), values: { ch4: Number((3 + wave).toFixed(1)), h2s: Number((1 + wave / 2).toFixed(1)), o2: 20.6 } });
      }
  for (const [i] of kPlaces.entries()) {
    for (let k = 0; k < 3; k += 1) rows.push({ asset: `cover-${i}-${k}`, at: iso(from), values: { tilt: 0.8, displacement: 0, battery_v: 3.6 } });
    rows.push({ asset: `air-${i}-0`, at: iso(Date.now() - 60_000), values: { pm25: 31, pm10: 60, o3: 80 } });
  }
  assert.equal((await city.must('POST', '/api/v1/readings', rows)).quarantined.length, 0);
  const late = Date.now();
  await city.must('POST', '/api/v1/readings', [
    { asset: 'septic-5-0', at: iso(late), values: { ch4: 150, h2s: 25 } }, { asset: 'septic-9-1', at: iso(late), values: { ch4: 120 } }, { asset: 'cover-7-0', at: iso(late), values: { tilt: 96, displacement: 3.5 } },
    { asset: 'cover-2-1', at: iso(late - 60_000), values: { tilt: 34 } }, { asset: 'cover-12-0', at: iso(late - 60_000), values: { tilt: 14 } }, { asset: 'septic-15-0', at: iso(late), values: { battery_v: 3.1 } },
    { asset: 'septic-3-0', at: iso(late), values: { ch4: -50 } }]);
  return await until('the cases', async () => {
    const list = (await city.must('GET', '/api/v1/cases')).items;
    return list.length >= 5 && list;
  }, kShort);
}

test('pictures: texts, accessibility, a map that is not blank', async () => {
  mkdirSync(pictures, { recursive: true });
  await with_people('500106-sanitation', '500106', 'sanitation', async (city, person) => {
    const cases = await furnish(city);
    const duty = await person('duty', 'shift_leader', { person: '值班长' });
    const mine = cases.find((one) => one.asset === 'septic-5-0');
    const dispatched = await city.call('POST', `/api/v1/cases/${mine.no}/actions`, { action: 'dispatch', unit: '500106-sanitation', comment: '请先通风再下井' }, city.admin, { 'if-match': `"${mine.rev}"` });
    assert.equal(dispatched.status, 200, JSON.stringify(dispatched.body));
    const crew = await person('crew', 'handler', { viewport: kPhone, person: '处置员' });
    const found = [];
    const take = async (page, name, path, texts, prepare = async () => {}) => {
      if (path) await page.goto(`${city.http}${path}`);
      for (const text of texts) await page.getByText(text).first().waitFor({ timeout: kShort }).catch((problem) => assert.fail(`${name}: ${text}: ${problem.message.split('\n')[0]}`));
      await prepare();
      await page.waitForTimeout(600);  // what moves has moved
      const [wide, most] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      assert.ok(wide <= most, `${name} is ${wide} px wide on ${most}`);
      for (const finding of await axe_findings(page)) found.push(`${name}: ${finding}`);
      writeFileSync(join(pictures, `${name}.${writing ? 'jpg' : 'png'}`), await page.screenshot(writing ? { type: 'jpeg', quality: 82 } : {}));
    };
    const overview = ['城市体征', '报警', /甲烷 150/];
    await take(duty, 'screen', '/screen/overview', overview, async () => {
      await until('the red dots', async () => (await pixels_of(duty, kMap)).red > 20, kShort);
      const { colours } = await pixels_of(duty, kMap);
      assert.ok(colours > 12, `the map shows ${colours} colours`);
    });
    await take(duty, 'screen-detail', '', [/甲烷 150/], async () => {
      await duty.getByText(/甲烷 150/).first().click();
      await duty.locator('section.drawer canvas, section.drawer svg').first().waitFor({ timeout: kShort });
      await duty.waitForTimeout(1200);
    });
    await take(duty, 'desk-inbox', '/desk/inbox', ['受理', /谊园路/]);
    await take(duty, 'desk-cases', '/desk/cases', ['案件号', '剩余时限', /石井坡/]);
    await take(duty, 'desk-case', `/desk/cases/${mine.no}`, [/石井坡/, '待处置', /派遣/]);
    await take(duty, 'desk-alarms', '/desk/alarms', ['甲烷 150 %LEL(阈值 100)', '未确认']);
    await take(duty, 'desk-assets', '/desk/assets?kind=septic_tank', [/号化粪池/]);
    await take(duty, 'desk-case-en', `/desk/cases/${mine.no}`, [/石井坡/], async () => {
      await duty.getByRole('button', { name: 'EN', exact: true }).click();
      await duty.getByText('Timeline').first().waitFor();
    });
    await duty.getByRole('button', { name: '中', exact: false }).first().click();
    const admin = await person('boss', 'admin', { person: '管理员' });
    await take(admin, 'desk-quarantine', '/desk/admin/quarantine', ['隔离', /septic-3-0/]);
    await take(admin, 'desk-users', '/desk/admin/users', ['值班长', '处置员']);
    const phone = await person('lead', 'shift_leader', { viewport: kPhone, person: '带班' });
    await take(phone, 'phone-screen', '/screen/overview', [/甲烷 150/]);
    await take(phone, 'phone-inbox', '/desk/inbox', [/待处理/]);
    await take(phone, 'phone-cases', '/desk/cases', [/石井坡/]);
    await take(phone, 'phone-case', `/desk/cases/${mine.no}`, [/石井坡/]);
    await take(crew, 'phone-field', '/f/tasks', [/石井坡/, '待接受']);
    await take(crew, 'phone-field-task', `/f/tasks/${mine.no}`, [/石井坡/, '接受', '退回']);
    const wide = await person('crew2', 'handler', { person: '处置员二' });
    await take(wide, 'field', '/f/tasks', [/石井坡/, '待接受']);
    const stranger = await (await browser.newContext({ viewport: kWall, locale: 'zh-CN' })).newPage();
    await take(stranger, 'login', '/login', ['登录']);
    await stranger.context().close();
    assert.deepEqual(found, [], 'axe');
  });
});
