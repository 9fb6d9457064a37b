// SPDX-License-Identifier: Apache-2.0
// The citizen's page on a phone, against the real program: reported in a few taps, worked at the desk, followed with the key, not
// solved, rated; a lost network, a killed server, a refused position, a photo that nobody can read; found nearby; nobody else's to see.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { gzipSync } from 'node:zlib';
import { axe_findings, kPhone, launch, sign_in } from './browser.mjs';
import { City, root, until } from './city.mjs';

const kShort = 20_000;
const kPassword = 'Correct-Horse-1';
const kHere = { longitude: 106.45, latitude: 29.55 };
const kRoad = 'GB2013/event/0113';
const writing = Boolean(process.env.WRITE_PICTURES);
const pictures = join(root, writing ? 'docs/pictures' : 'build/pictures');

let browser, city;
before(async () => {
  mkdirSync(pictures, { recursive: true });
  browser = await launch();
  city = await new City().start();
  city.admin = city.token('e2e', 'admin');
  const square = (code, name, name_en, west, east) => ({ type: 'Feature', properties: { code, name, name_en, parent: '50' }, geometry: { type: 'Polygon', coordinates: [[[west, 29.4], [east, 29.4], [east, 29.7], [west, 29.7], [west, 29.4]]] } });
  const known = await city.must('GET', '/api/v1/areas');  // the program's own districts, where it has them
  if (known.items.length < 3) await city.must('POST', '/api/v1/areas:import', { type: 'FeatureCollection', features: [square('500106', '沙坪坝区', 'Shapingba', 106.3, 106.5), square('500103', '渝中区', 'Yuzhong', 106.5, 106.7)] }, city.admin, { 'content-type': 'application/geo+json' });
  await city.must('PUT', '/api/v1/units/u-road', { name: '沙坪坝区市政设施所', area: '500106', duties: ['municipal'] });
  for (const [name, roles, unit] of [['crew', ['handler'], 'u-road'], ['accept', ['acceptor']], ['duty', ['shift_leader']]])
    await city.must('PUT', `/api/v1/users/${name}`, { person: name, roles, area: unit ? '500106' : '50', ...(unit ? { unit } : {}), password: kPassword, must_change: false });
  for (const [id, name, lng, attributes] of [['wc-1', '三峡广场公厕', 106.452, { open_hours: '00:00-24:00', accessible: true, nursing_room: false, stalls_women: 8 }], ['wc-2', '石井坡公厕', 106.46, {}], ['wc-3', '解放碑公厕', 106.577, {}]])
    await city.must('PUT', `/api/v1/assets/${id}`, { kind: 'public_toilet', name, location: { type: 'Point', coordinates: [lng, id === 'wc-3' ? 29.558 : 29.55] }, attributes });
});
after(async () => {
  await browser?.close();
  await city?.stop();
});

// A phone; `page.outside` collects requests to anybody else.
async function phone({ position = kHere, locale = 'zh-CN', path = '/m/', viewport = kPhone } = {}) {
  const context = await browser.newContext({ viewport, locale, hasTouch: true, deviceScaleFactor: 2, ...(position ? { geolocation: position, permissions: ['geolocation'] } : {}) });
  const page = await context.newPage();
  [page.complaints, page.outside] = [[], []];
  page.on('console', (message) => message.type() === 'error' && !/Failed to load resource|ERR_INTERNET_DISCONNECTED/.test(message.text()) && page.complaints.push(message.text()));
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('request', (request) => !request.url().startsWith(city.http) && !/^(data|blob):/.test(request.url()) && page.outside.push(request.url()));
  await page.goto(city.http + path);
  return page;
}
async function done(page) {
  assert.deepEqual(page.complaints, []);
  assert.deepEqual(page.outside, []);
  await page.context().close();
}
async function jpeg(page, colour = '#7a8') {
  const base64 = await page.evaluate((fill) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 480];
    const draw = canvas.getContext('2d');
    draw.fillStyle = fill;
    draw.fillRect(0, 0, 640, 480);
    draw.fillStyle = '#345';
    draw.fillRect(Math.random() * 300, Math.random() * 200, 200, 180);
    return canvas.toDataURL('image/jpeg', 0.8).split(',')[1];
  }, colour);
  return { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(base64, 'base64') };
}
const shot = async (page, name) => writeFileSync(join(pictures, `${name}.${writing ? 'jpg' : 'png'}`), await page.screenshot(writing ? { type: 'jpeg', quality: 82 } : {}));
const address_of = (page) => {
  const url = new URL(page.url());
  return { report: url.pathname.split('/').pop(), key: url.hash.slice(1) };
};
const followed = (report, key) => city.call('GET', `/api/v1/public/follows/${report}`, undefined, '', { 'follow-key': key });
const submit = (page) => page.getByRole('button', { name: '提交', exact: true }).click();
const accepted = (page) => page.waitForURL(/\/m\/c\/r-/, { timeout: kShort });

// Somebody of the city, by name: the session's own rights.
async function as(name) {
  const answer = await fetch(`${city.http}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, password: kPassword }) });
  const { csrf } = await answer.json();
  const cookie = answer.headers.get('set-cookie').split(';')[0];
  return (method, path, body, more = {}) => city.must(method, path, body, '', { cookie, 'x-csrf-token': csrf, ...more });
}
async function act(no, action, body = {}, call = (...all) => city.must(...all.slice(0, 3), city.admin, all[3])) {
  const { rev } = await city.must('GET', `/api/v1/cases/${no}`);
  return await call('POST', `/api/v1/cases/${no}/actions`, { action, ...body }, { 'if-match': `"${rev}"` });
}
// From the desk's acceptance to the closed case, with a picture of the work.
async function mend(no, picture) {
  const file = await city.must('GET', `/api/v1/cases/${no}`);
  const crew = await as('crew');
  if (file.stage === 'reported') await act(no, 'register', { standard: '1' });
  await act(no, 'dispatch', { unit: 'u-road' });
  await act(no, 'accept', {}, crew);
  const kept = await crew('POST', '/api/v1/attachments', picture, { 'content-type': 'image/jpeg' });
  await act(no, 'finish', { attachments: [kept.id] }, crew);
  await act(no, 'feedback');
  await act(no, 'check', { result: 'ok' });
  await act(no, 'close', { comment: '已修补路面' });
}

test('four taps to a number; the desk sees it, mends it; the follower sees the work, has it opened again, and rates it', async () => {
  const page = await phone();
  await page.getByText('拍照反映问题').waitFor();
  await shot(page, 'phone-citizen');
  // One tap opens the camera, one chooses the kind, one sends.
  await page.locator('.shoot input').setInputFiles(await jpeg(page));
  await page.getByText('路面破损', { exact: true }).click();
  await page.getByText(/已定位/).waitFor({ timeout: kShort });
  await shot(page, 'phone-citizen-report');
  await submit(page);
  await accepted(page);
  await page.getByRole('heading', { name: '已收到，谢谢' }).waitFor({ timeout: kShort });
  const { report, key } = address_of(page);
  const no = /编号 (\d{19})/.exec(await page.locator('main').innerText())?.[1];
  assert.ok(no, 'a number');
  await page.getByText(/预计 \d{4}-\d\d-\d\d \d\d:\d\d 前办结/).first().waitFor();
  assert.equal(key.length, 32);

  // The desk: the report with its picture, from a citizen, anonymous.
  const desk = await sign_in(browser, city, 'accept', kPassword);
  await desk.goto(`${city.http}/desk/cases/${no}`);
  await desk.getByText('公众').first().waitFor({ timeout: kShort });
  await until('the picture at the desk', () => desk.locator('.report img').first().evaluate((image) => image.naturalWidth > 0), kShort);
  assert.deepEqual(desk.complaints, []);
  await desk.context().close();

  await mend(no, (await jpeg(page, '#333')).buffer);
  await page.getByText('已办结').first().waitFor({ timeout: 30_000 });  // the page asks by itself
  const after_photo = page.locator('figure.after img');
  await until('the picture of the work', () => after_photo.evaluate((image) => image.naturalWidth > 0), kShort);
  await page.getByText('沙坪坝区市政设施所').first().waitFor();
  await page.locator('.steps').scrollIntoViewIfNeeded();
  await shot(page, 'phone-citizen-follow');

  await page.getByRole('button', { name: '没解决' }).click();
  await page.getByRole('button', { name: '重新办理' }).click();
  await page.getByRole('alert').filter({ hasText: '请写几个字' }).waitFor();
  await page.getByLabel('哪里没有解决').fill('补过的地方又塌了');
  await page.getByRole('button', { name: '重新办理' }).click();
  await page.getByText(/已重新办理 1 次/).waitFor({ timeout: kShort });
  const again = await city.must('GET', `/api/v1/cases/${no}`);
  assert.equal(again.stage, 'pending_dispatch');
  const timeline = again.timeline ?? (await city.must('GET', `/api/v1/cases/${no}`)).timeline;
  assert.ok(JSON.stringify(timeline).includes('补过的地方又塌了'), 'the reason stands on the timeline');

  await mend(no, (await jpeg(page, '#555')).buffer);
  await page.reload();
  await page.locator('.stars label').nth(3).click();
  await page.getByLabel('想说的话').fill('谢谢');
  await page.getByRole('button', { name: '提交评价' }).click();
  await page.getByText('已评价 4 星，谢谢').first().waitFor({ timeout: kShort });
  assert.equal((await city.must('GET', `/api/v1/cases/${no}`)).course.satisfaction, 'satisfied');
  assert.equal(await page.getByRole('button', { name: '提交评价' }).count(), 0, 'once');
  const second = await city.call('POST', `/api/v1/public/follows/${report}:rate`, { stars: 5 }, '', { 'follow-key': key });
  assert.equal(second.status, 409);

  // It is in this phone's list, and opens from there.
  await page.goto(`${city.http}/m/mine`);
  await page.getByRole('link', { name: /路面破损/ }).first().click();
  await page.getByText('已评价 4 星，谢谢').waitFor({ timeout: kShort });
  await done(page);
});

test('without the key nobody follows: another phone, a wrong key, a handler of the case', async () => {
  const key = randomUUID();
  const filed = await city.must('POST', '/api/v1/public/reports', { class: kRoad, text: '井边有坑', location: { type: 'Point', coordinates: [106.41, 29.51] }, phone: '13812345678' }, '', { 'idempotency-key': key });
  const stranger = await phone({ path: `/m/c/${filed.report}` });
  await stranger.getByText('打不开这份反映').waitFor({ timeout: kShort });
  await stranger.goto(`${city.http}/m/c/${filed.report}#0123456789abcdef0123456789abcdef`);
  await stranger.reload();
  await stranger.getByText('打不开这份反映').waitFor({ timeout: kShort });
  await done(stranger);
  assert.equal((await followed(filed.report, '')).status, 404);
  const crew = await as('crew');
  await act(filed.case, 'register', { standard: '1' });
  await act(filed.case, 'dispatch', { unit: 'u-road' });
  const seen = JSON.stringify([await crew('GET', `/api/v1/cases/${filed.case}`), await crew('GET', `/api/v1/reports/${filed.report}`)]);
  assert.ok(!seen.includes('5678') && !seen.includes('138'), 'who mends it does not learn who reported it');
  const accept = await as('accept');
  assert.ok(JSON.stringify(await accept('GET', `/api/v1/reports/${filed.report}`)).includes('138****5678'));

  // The holder sees what is kept, deletes it; the report and the audit chain stay whole.
  const own = await phone({ path: `/m/c/${filed.report}#${filed.key}` });
  await own.getByText('138****5678').waitFor({ timeout: kShort });
  await own.getByRole('button', { name: '删除手机号' }).click();
  await own.getByRole('alert').filter({ hasText: '确定删除' }).waitFor();
  await own.getByRole('button', { name: '删除手机号' }).click();
  await own.getByText('没有留下手机号').waitFor({ timeout: kShort });
  assert.ok(!JSON.stringify(await accept('GET', `/api/v1/reports/${filed.report}`)).includes('5678'));
  assert.equal((await followed(filed.report, filed.key)).status, 200);
  assert.match(city.run(['audit', 'verify']), /the chain holds/);
  await done(own);
});

test('the same report again is one report, also across a kill after it was acknowledged', async () => {
  const key = randomUUID();
  const body = { class: kRoad, text: '路灯下有坑', location: { type: 'Point', coordinates: [106.42, 29.52] }, phone: '02312345678' };
  const send = () => city.must('POST', '/api/v1/public/reports', body, '', { 'idempotency-key': key });
  const first = await send();
  await city.kill('SIGKILL');
  await city.start();
  const again = await send();
  assert.deepEqual([again.report, again.case, again.key], [first.report, first.case, first.key]);
  assert.equal((await followed(first.report, first.key)).body.text, '路灯下有坑');
  const all = await city.must('GET', '/api/v1/reports?limit=1000');
  assert.equal(all.items.filter((one) => one.text === '路灯下有坑').length, 1);
});

test('a lost network keeps the draft, says so, and sends it once when the line is back', async () => {
  const page = await phone();
  await page.getByText('拍照反映问题').waitFor();
  await page.locator('.shoot input').setInputFiles(await jpeg(page));
  await page.getByText('道路积水', { exact: true }).click();
  await page.getByText(/已定位/).waitFor({ timeout: kShort });
  await page.getByLabel(/补充说明/).fill('桥下积水');
  await page.context().setOffline(true);
  await submit(page);
  await page.getByText('等待网络，联网后自动发出').waitFor({ timeout: kShort });
  await page.getByText(/已存在这台手机上/).waitFor();
  await page.context().setOffline(false);
  await page.getByText('等待网络，联网后自动发出').waitFor({ state: 'detached', timeout: kShort });
  await page.getByRole('link', { name: /道路积水/ }).first().waitFor({ timeout: kShort });
  const sent = (await city.must('GET', '/api/v1/reports?limit=1000')).items.filter((one) => one.text === '桥下积水');
  assert.equal(sent.length, 1);
  assert.equal(sent[0].attachments.length, 1);

  // What was only begun is there after the browser was closed and opened.
  await page.getByRole('button', { name: '没有照片，直接填写' }).click();
  await page.getByLabel(/补充说明/).fill('写到一半');
  await page.waitForTimeout(300);
  await page.goto(`${city.http}/m/`);
  await page.getByRole('button', { name: '继续填写' }).click();
  assert.equal(await page.getByLabel(/补充说明/).inputValue(), '写到一半');
  await page.reload();
  await until('the draft on the page again', async () => (await page.getByLabel(/补充说明/).inputValue()) === '写到一半', kShort);
  await page.goto(`${city.http}/m/`);
  await page.getByRole('button', { name: '放弃' }).click();
  await page.getByText('有一份没有发出的反映').waitFor({ state: 'detached' });
  await done(page);
});

test('position refused: by address, or by the cross on the map that buttons move', async () => {
  const page = await phone({ position: null });
  await page.getByRole('button', { name: '没有照片，直接填写' }).click();
  await page.getByText(/没有得到位置/).waitFor({ timeout: kShort });
  await submit(page);
  await page.getByRole('alert').filter({ hasText: '请选一类问题' }).waitFor();
  await page.getByText('路灯坏了', { exact: true }).click();
  await submit(page);
  await page.getByRole('alert').filter({ hasText: '请定位' }).waitFor();
  await page.getByRole('button', { name: '在地图上选点' }).click();
  await page.locator('.leaflet-container').waitFor({ timeout: kShort });
  for (const name of ['放大', '放大', '向东', '向东', '向南']) {
    await page.getByRole('button', { name, exact: true }).click();
    await page.waitForTimeout(350);  // the map moves
  }
  await shot(page, 'phone-citizen-map');
  await page.getByRole('button', { name: '就是这里' }).click();
  await page.getByText(/已在地图上选定/).waitFor();
  await submit(page);
  await accepted(page);
  const { report } = address_of(page);
  const [lng, lat] = (await city.must('GET', `/api/v1/reports/${report}`)).location.coordinates;
  assert.ok(lng > 105 && lng < 111 && lat > 28 && lat < 33, `${lng},${lat}`);

  // By address only: the desk finds the place.
  await page.goto(`${city.http}/m/`);
  await page.getByRole('button', { name: '没有照片，直接填写' }).click();
  await page.getByText('路灯坏了', { exact: true }).click();
  await page.getByLabel('地址或明显标志').fill('谊园路 12 号');
  await submit(page);
  await accepted(page);
  await page.getByText('等待确认地点').first().waitFor({ timeout: kShort });
  await done(page);
});

test('a photo that neither browser nor server can read is named, and the rest is not lost', async () => {
  const page = await phone();
  await page.getByText('拍照反映问题').waitFor();
  await page.locator('.shoot input').setInputFiles({ name: 'IMG_0001.HEIC', mimeType: 'image/heic', buffer: Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic not really', 'latin1') });
  await page.getByText('无法预览').waitFor({ timeout: kShort });
  await page.getByText('绿地脏乱', { exact: true }).click();
  await page.getByText(/已定位/).waitFor({ timeout: kShort });
  await submit(page);
  await page.getByRole('alert').filter({ hasText: 'HEIC' }).waitFor({ timeout: kShort });
  await page.getByRole('button', { name: '移除第 1 张照片' }).click();
  await submit(page);
  await accepted(page);
  await done(page);
});

test('two at one place: the second is offered the first one, counts, and follows it', async () => {
  const at = { longitude: 106.44, latitude: 29.53 };
  const filed = await city.must('POST', '/api/v1/public/reports', { class: 'GB2013/event/0110', text: '王五家门口的垃圾', location: { type: 'Point', coordinates: [at.longitude, at.latitude] } }, '', { 'idempotency-key': randomUUID() });
  const page = await phone({ position: { ...at, latitude: at.latitude + 0.0002 } });
  await page.getByRole('button', { name: '没有照片，直接填写' }).click();
  await page.getByText('垃圾没人清', { exact: true }).click();
  await page.getByText('附近已有相似的反映').waitFor({ timeout: kShort });
  assert.ok(!(await page.locator('.similar').innerText()).includes('王五'), 'no words of the other one');
  await shot(page, 'phone-citizen-similar');
  await page.getByRole('button', { name: '我也遇到' }).click();
  await accepted(page);
  await page.getByText('2 人反映').first().waitFor({ timeout: kShort });
  assert.ok(!(await page.locator('main').innerText()).includes('王五'));
  const { report, key } = address_of(page);
  assert.equal((await followed(report, key)).body.case, filed.case);
  assert.equal((await city.must('GET', `/api/v1/cases/${filed.case}`)).reports.length, 2);
  await done(page);
});

test('the nearest toilet first, by district without a position, on the map when wanted', async () => {
  const page = await phone({ path: '/m/near?type=toilet' });
  await page.getByText('三峡广场公厕').waitFor({ timeout: kShort });
  const names = await page.locator('.place strong').allInnerTexts();
  assert.deepEqual(names, ['三峡广场公厕', '石井坡公厕'], 'nearest first; 12 km is too far');
  assert.equal(await page.locator('.far').first().innerText(), '193 米');
  await page.getByText(/无障碍厕位 有/).waitFor();
  assert.equal(await page.getByText('母婴室').count(), 0, 'what is not there is not listed');
  const link = await page.getByRole('link', { name: '导航' }).first().getAttribute('href');
  const [, lng] = /to=([\d.]+),/.exec(link);
  assert.ok(Math.abs(Number(lng) - 106.452) > 0.001, 'in the coordinates of Chinese maps');
  await page.getByRole('button', { name: '看地图' }).click();
  await page.locator('.leaflet-container .pin').first().waitFor({ timeout: kShort });
  await shot(page, 'phone-citizen-near');
  await done(page);
  const lost = await phone({ position: null, path: '/m/near?type=toilet' });
  await lost.getByText('没有得到位置，请选区县').waitFor({ timeout: kShort });
  await lost.getByRole('combobox').selectOption('500103');
  await lost.getByText('解放碑公厕').waitFor({ timeout: kShort });
  await lost.goto(`${city.http}/m/near?type=park&area=500103`);
  await lost.getByText('这个区县没有登记').waitFor({ timeout: kShort });
  await done(lost);
});

test('长辈版 and English: words and targets are large, nothing is lost at 320 px, axe finds nothing serious', async () => {
  const filed = await city.must('POST', '/api/v1/public/reports', { class: kRoad, text: '坑', location: { type: 'Point', coordinates: [106.43, 29.56] }, phone: '13812345678' }, '', { 'idempotency-key': randomUUID() });
  const page = await phone();
  const paths = ['/m/', '/m/report', '/m/near?type=toilet', '/m/mine', '/m/privacy', `/m/c/${filed.report}?x=1#${filed.key}`];
  for (const elder of [false, true]) {
    for (const lang of ['zh', 'en']) {
      for (const path of paths) {
        const [base, hash] = path.split('#');
        await page.goto(`${city.http}${base}${base.includes('?') ? '&' : '?'}lang=${lang}&elder=${elder ? 1 : 0}${hash ? `#${hash}` : ''}`);
        await page.getByRole('heading', { level: 1 }).first().waitFor({ timeout: kShort });
        await page.waitForTimeout(400);
        assert.deepEqual(await axe_findings(page), [], `${path} ${lang} elder=${elder}`);
        if (!elder) continue;
        const small = await page.evaluate(() => [...document.querySelectorAll('main *, header *')].filter((one) => {
          const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
          return text && one.getClientRects().length && !one.closest('.sr, .leaflet-container, .skip, [aria-hidden]') && parseFloat(getComputedStyle(one).fontSize) < 20;
        }).map((one) => `${one.className || one.tagName}: ${one.textContent.trim().slice(0, 30)}`));
        assert.deepEqual(small, [], `${path}: words of 20 px`);
        const tight = await page.evaluate(() => [...document.querySelectorAll('button, a[href], select, input:not(.sr), main label:has(input.sr)')]
          .filter((one) => one.getClientRects().length && !one.closest('.sr, .leaflet-container, .skip'))
          .map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => box.height < 59.5 || box.width < 44)
          .map(([one, box]) => `${one.textContent.trim().slice(0, 20) || one.tagName} ${Math.round(box.width)}×${Math.round(box.height)}`));
        assert.deepEqual(tight, [], `${path}: targets of 60 px`);
      }
    }
  }
  await shot(page, 'phone-citizen-elder-follow');
  await page.goto(`${city.http}/m/?lang=zh&elder=0`);
  await page.getByRole('button', { name: '长辈版' }).click();
  assert.equal(await page.locator('html').getAttribute('data-elder'), 'yes');
  await page.reload();
  assert.equal(await page.locator('html').getAttribute('data-elder'), 'no', 'the address says so');
  await page.goto(`${city.http}/m/`);
  assert.equal(await page.locator('html').getAttribute('data-elder'), 'yes', 'and the phone remembers');
  await shot(page, 'phone-citizen-elder');
  await page.setViewportSize({ width: 320, height: 640 });
  for (const path of paths) {
    await page.goto(city.http + path);
    await page.getByRole('heading', { level: 1 }).first().waitFor({ timeout: kShort });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} is wider than the phone`);
  }
  await done(page);
});

test('the first scripts of the page weigh at most 90 KB, and the policy lets nothing else in', async () => {
  const dist = join(root, 'build/web');
  const html = readFileSync(join(dist, 'm.html'), 'utf8');
  const first = new Set([...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path));
  for (const file of first)
    for (const [, path] of readFileSync(join(dist, file), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*["'`]\.\/([\w.-]+\.js)["'`]/g)) first.add(`assets/${path}`);
  const bytes = [...first].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file)), { level: 9 }).length, 0);
  assert.ok(first.size > 1 && bytes <= 90 * 1024, `${bytes} bytes in ${first.size} files`);
  assert.ok(!readdirSync(join(dist, 'assets')).some((name) => /^PinMap.*\.js$/.test(name) && first.has(`assets/${name}`)), 'the map comes later');
  const answer = await fetch(`${city.http}/m/`);
  const policy = answer.headers.get('content-security-policy');
  assert.ok(policy.includes("default-src 'self'") && !policy.includes('http'), policy);
});

test('one address cannot flood the desk; what is too large or strange is refused', async () => {
  const send = (body, headers = {}) => city.call('POST', '/api/v1/public/reports', body, '', { 'idempotency-key': randomUUID(), ...headers });
  assert.equal((await send({ text: 'x'.repeat(40_000) })).status, 413);
  assert.equal((await send({ text: 't' }, { 'idempotency-key': '1' })).status, 422);
  assert.equal((await send('{"text":')).status, 400);
  let answer;
  for (let i = 0; i < 40 && answer?.status !== 429; i += 1) answer = await send({ text: `flood ${i}` });
  assert.equal(answer.status, 429);
  assert.ok(Number(answer.headers.get('retry-after')) > 0);
  const page = await phone();
  await page.getByRole('button', { name: '没有照片，直接填写' }).click();
  await page.getByText('路灯坏了', { exact: true }).click();
  await page.getByText(/已定位/).waitFor({ timeout: kShort });
  await submit(page);
  await page.getByText('提交得太频繁').waitFor({ timeout: kShort });
  await done(page);
});
