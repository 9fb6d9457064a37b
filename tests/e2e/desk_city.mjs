// SPDX-License-Identifier: Apache-2.0
// A city with a desk for the tests of its pages: units, people who sign in to browsers of their own, cases made and moved through the
// API, and the rule that no page complains.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { axe_findings, launch, sign_in } from './browser.mjs';
import { City, root, until } from './city.mjs';

export const kPassword = 'Correct-Horse-1';
export const kDesk = { viewport: { width: 1440, height: 900 } };
export const kShort = 30_000;
export const pictures = join(root, 'build/pictures');
mkdirSync(pictures, { recursive: true });

const kUnits = { '500106-drainage': ['沙坪坝区排水管理所', '500106', 'drainage'], '500112-green': ['渝北区园林局', '500112', 'green'] };

// The browser is opened and closed once for all tests of a file.
let the_browser;
export const open_browser = async () => void (the_browser = await launch());
export const close_browser = async () => await the_browser?.close();
export const browser = () => the_browser;

export async function with_desk(work, args) {
  const city = await new City(args).start();
  const pages = [];
  try {
    await city.lay_out();
    for (const [id, [name, area, duty]] of Object.entries(kUnits)) await city.must('PUT', `/api/v1/units/${id}`, { name, area, duties: [duty] });
    const tokens = {};
    const token = (role, area = '50') => (tokens[`${role} ${area}`] ??= city.token(`${role}-${area}`, role, area));
    const account = async (name, role, { shown = name, area = '50', unit } = {}) =>
      await city.must('PUT', `/api/v1/users/${name}`, { person: shown, roles: [role].flat(), area, ...(unit ? { unit } : {}), password: kPassword, must_change: false });
    const person = async (name, role, more = {}) => {
      await account(name, role, more);
      const page = await sign_in(the_browser, city, name, kPassword, { ...kDesk, ...more });
      pages.push(page);
      return page;
    };
    const make = async (title, asset = 'septic-500106-0001', more = {}) => (await city.must('POST', '/api/v1/cases', { title, class: '0303', asset, ...more }, token('dispatcher'))).no;
    const file = async (no) => await city.must('GET', `/api/v1/cases/${no}`);
    const act = async (no, action, body = {}, by = token('dispatcher')) => await city.must('POST', `/api/v1/cases/${no}/actions`, { action, ...body }, by, { 'if-match': `"${(await file(no)).rev}"` });
    const report = async (body) => await city.must('POST', '/api/v1/reports', { source: 'hotline', ...body }, token('acceptor'));
    await work({ city, account, person, make, file, act, report, token });
    for (const page of pages) assert.deepEqual(page.complaints, [], page.url());
  } finally {
    for (const page of pages) await page.context().close();
    await city.stop();
  }
}

export const operation = (page, name) => page.locator(`[data-operation="${name}"]:not([aria-disabled])`).first();
export const nothing_serious = async (page, what) => assert.deepEqual(await axe_findings(page), [], what);
export const picture = async (page, name, more = {}) => await page.screenshot({ path: join(pictures, `${name}.png`), ...more });

// People of the unit sign in: a token has no unit.
export async function session_of(city, name) {
  const answer = await fetch(`${city.http}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, password: kPassword }) });
  assert.ok(answer.ok, String(answer.status));
  return { cookie: answer.headers.getSetCookie().map((one) => one.split(';')[0]).join('; '), 'x-csrf-token': (await answer.json()).csrf };
}

// Presses an offered action of the case page, fills its form and waits until it is done.
export async function press(page, action, fill = async () => {}) {
  await operation(page, action).click({ timeout: kShort });
  const dialog = page.getByRole('dialog');
  await dialog.waitFor({ timeout: kShort });
  await fill(dialog);
  await dialog.locator('button[type=submit]').click();
  await dialog.waitFor({ state: 'hidden', timeout: kShort });
}

// The choice of a picker by what one types, and Enter.
export async function pick(scope, label, words, expected) {
  const box = scope.getByRole('combobox', { name: label });
  await box.click();
  await box.fill(words);
  const first = scope.getByRole('option').first();
  await until(`${expected} is offered`, async () => (await first.innerText()).includes(expected));
  await box.press('Enter');
}
