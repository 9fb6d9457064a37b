// SPDX-License-Identifier: Apache-2.0
// The phones of people on site for end-to-end tests: a Chromium of 390×844 with a place of its own, their city, what their thumbs
// and eyes need.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kPhone, sign_in } from './browser.mjs';
import { City, until } from './city.mjs';

export const kPassword = 'Correct-Horse-1', kUnit = '500106-sanitation', kArea = '500106';
export const kTank = [106.4502, 29.5438];                      // septic-500106-0001
export const kNear = { longitude: 106.4503, latitude: 29.5438, accuracy: 12 }, kFar = { longitude: 106.4602, latitude: 29.5438, accuracy: 35 };
export const kShort = 40_000;
const pictures = process.env.CITYLOOP_PICTURES;

// A city with a unit, its desk, two crews, a collector and a dispatcher. `work` gets what they need; every page is without complaint.
export async function with_city(browser, work) {
  const city = await new City().start();
  const pages = [];
  try {
    await city.lay_out();
    const token = Object.fromEntries(['dispatcher', 'shift_leader'].map((role) => [role, city.token(role, role)]));
    const user = async (name, role, unit) => await city.must('PUT', `/api/v1/users/${name}`, { person: name, roles: [role], area: role === 'dispatcher' ? '50' : kArea, ...(unit ? { unit } : {}), password: kPassword, must_change: false });
    for (const [name, role, unit] of [['crew', 'handler', kUnit], ['mate', 'handler', kUnit], ['unit', 'unit_desk', kUnit], ['check', 'collector'], ['desk', 'dispatcher']]) await user(name, role, unit);
    const file_of = async (no) => await city.must('GET', `/api/v1/cases/${no}`);
    const does = async (role, no, action, body = {}) => await city.must('POST', `/api/v1/cases/${no}/actions`, { action, ...body }, token[role] ?? city.admin, { 'if-match': `"${(await file_of(no)).rev}"` });
    const sent = async (asset = 'septic-500106-0001', klass = '0303', title = '化粪池异味') => {
      const { no } = await city.must('POST', '/api/v1/cases', { title, class: klass, asset }, token.dispatcher);
      await does('dispatcher', no, 'dispatch', { unit: kUnit });
      return no;
    };
    // A session without a browser, such as of somebody else at a desk.
    const person = async (name) => {
      const answer = await fetch(`${city.http}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, password: kPassword }) });
      const headers = { cookie: answer.headers.getSetCookie().map((one) => one.split(';')[0]).join('; '), 'x-csrf-token': (await answer.json()).csrf };
      return async (no, action, body = {}) => {
        const told = await city.call('POST', `/api/v1/cases/${no}/actions`, { action, ...body }, null, { ...headers, 'if-match': `"${(await file_of(no)).rev}"` });
        assert.ok(told.status < 300, `${name} ${action}: ${told.status} ${JSON.stringify(told.body)}`);
      };
    };
    const phone = async (name, options = {}) => {
      const page = await sign_in(browser, city, name, kPassword, { viewport: kPhone, geolocation: kNear, ...options });
      pages.push(page);
      await open_field(page, city);
      return page;
    };
    await work({ city, token, does, sent, phone, person, file_of, user });
    for (const page of pages) assert.deepEqual(page.complaints, [], page.url());
  } finally {
    for (const page of pages) await page.context().close();
    await city.stop();
  }
}
// The page, with its worker in charge: from now on it opens without a network.
export async function open_field(page, city, path = '/f/tasks') {
  await page.goto(`${city.http}${path}`);
  await page.waitForFunction(async () => (await navigator.serviceWorker.ready).active?.state === 'activated', null, { timeout: kShort });
  await page.reload();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null, null, { timeout: kShort });
}
export async function photo(page, colour = Math.floor(Math.random() * 0xffffff)) {
  const base64 = await page.evaluate((rgb) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 480];
    const draw = canvas.getContext('2d');
    draw.fillStyle = `#${rgb.toString(16).padStart(6, '0')}`;
    draw.fillRect(0, 0, 640, 480);
    draw.fillStyle = '#345';
    draw.fillRect(rgb % 300, 120, 240, 200);
    return canvas.toDataURL('image/jpeg', 0.8).split(',')[1];
  }, colour);
  return { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(base64, 'base64') };
}
export async function take(page, n = 1, of = async () => await photo(page)) {
  const taken = page.locator('.picker figure');
  await page.waitForTimeout(500);                     // the picker of the step before has gone
  const already = await taken.count();
  for (let i = 0; i < n; i += 1) {
    await page.locator('input[type=file]').last().setInputFiles(await of());
    await taken.nth(already + i).waitFor({ timeout: kShort });
  }
}
export const press = async (page, name) => await page.getByRole('button', { name, exact: true }).click({ timeout: kShort });
export const waiting = async (page, n) => await page.locator('header .count', { hasText: `待传 ${n}` }).waitFor({ timeout: kShort });
export const all_sent = async (page) => await page.locator('header .count', { hasText: '待传' }).waitFor({ state: 'detached', timeout: 60_000 });
export async function shot(page, name) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `field-${name}.png`), fullPage: true });
}
export const acts_of = (file, ...names) => file.timeline.filter((one) => names.includes(one.action));

// The browser's own process, found by the profile that only this test has.
export function browser_of(profile) {
  for (const pid of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    let line = '';
    try {
      line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      continue;
    }
    if (line.includes(`--user-data-dir=${profile}`) && !line.includes('--type=')) return Number(pid);
  }
  throw new Error('the browser is not running');
}

// Every control that a thumb must hit, and every text that the sun shines on.
export async function small_targets(page) {
  return await page.evaluate(() => [...document.querySelectorAll('button, a[href], input, select, textarea, summary, label.add, [role=tab]')]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.classList.contains('sr') && !(one.type === 'radio' && one.closest('label')) && !one.closest('.skip'))
    .map((one) => ({ what: `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 20)}`, box: one.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 0 && (box.width < 44 || box.height < 44)).map(({ what, box }) => `${what}: ${Math.round(box.width)}×${Math.round(box.height)}`));
}
export async function faint_texts(page, least) {
  return await page.evaluate((limit) => {
    const rgba = (text) => {
      const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b].map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4)).reduce((sum, one, i) => sum + one * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (one) => {
      for (let node = one; node; node = node.parentElement) {
        const colour = rgba(getComputedStyle(node).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return [255, 255, 255];
    };
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    let texts = 0;
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const one = node.parentElement;
      if (!node.textContent.trim() || ['SCRIPT', 'STYLE'].includes(one.tagName) || !one.checkVisibility({ visibilityProperty: true }) || one.closest('.sr')) continue;
      texts += 1;
      const [a, b] = [light(rgba(getComputedStyle(one).color)), light(behind(one))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < limit) found.push(`${node.textContent.trim().slice(0, 24)}: ${ratio.toFixed(2)}`);
    }
    return texts ? found : ['no text at all'];
  }, least);
}

// Both pictures show, as large as each other, at one height.
export async function side_by_side(page) {
  const [left, right] = [page.getByRole('figure', { name: '处置前' }), page.getByRole('figure', { name: '处置后' })];
  await right.locator('img').first().waitFor({ timeout: kShort });
  for (const one of [left, right]) await until('the picture shows', async () => await one.locator('img').first().evaluate((image) => image.complete && image.naturalWidth > 0));
  const [a, b] = [await left.locator('img').first().boundingBox(), await right.locator('img').first().boundingBox()];
  assert.ok(a.x + a.width <= b.x && Math.abs(a.y - b.y) < 2 && Math.abs(a.width - b.width) < 2, `${JSON.stringify(a)} ${JSON.stringify(b)}`);
  assert.ok(a.width > 120, 'large enough to compare');
}
