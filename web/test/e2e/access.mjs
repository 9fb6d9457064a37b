// SPDX-License-Identifier: Apache-2.0
// Signing in, languages, a session that ends.
import assert from 'node:assert/strict';
import { sign_in } from './browser.mjs';

export const cases = [
  ['sign in with the keyboard only, and come back to where one wanted to go', async ({ open, url }) => {
    const page = await (await open()).newPage();
    await page.goto(`${url}/desk/cases?view=overdue`);
    await page.waitForURL(/\/login\?next=/);
    await page.locator('input[name=username]').waitFor();
    await page.keyboard.type('admin');
    await page.keyboard.press('Tab');
    await page.keyboard.type('admin');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/desk\/cases\?view=overdue/);
    await page.getByRole('tab', { name: '超期', selected: true }).waitFor();
  }],
  ['a wrong password does not say which part; five failures slow down', async ({ open, url }) => {
    const page = await (await open()).newPage();
    await page.goto(`${url}/login`);
    for (let i = 0; i < 5; i += 1) {
      await page.fill('input[name=username]', i % 2 ? 'nobody-x' : 'desk');
      await page.fill('input[name=password]', 'wrong');
      await page.keyboard.press('Enter');
      await page.getByText('账户或密码不正确').waitFor();
    }
    for (let i = 0; i < 3; i += 1) {
      await page.fill('input[name=username]', 'desk');
      await page.fill('input[name=password]', 'wrong');
      await page.keyboard.press('Enter');
      await page.waitForTimeout(200);
    }
    await page.getByText(/失败次数过多，请在 \d+ 秒后再试/).waitFor();
    assert.equal(await page.locator('button[type=submit]').isDisabled(), true);
  }],
  ['an address of another site is never followed after signing in', async ({ open, url }) => {
    const page = await (await open()).newPage();
    await page.goto(`${url}/login?next=//evil.example/x`);
    await page.fill('input[name=username]', 'admin');
    await page.fill('input[name=password]', 'admin');
    await page.keyboard.press('Enter');
    await page.getByRole('navigation').waitFor();
    assert.equal(new URL(page.url()).origin, url);
  }],
  ['the language turns the whole page at once and survives a restart', async ({ open, url }) => {
    const context = await open();
    await sign_in(context, url);
    const page = await context.newPage();
    await page.goto(`${url}/desk/cases`);
    await page.getByRole('heading', { name: '案件' }).waitFor();
    await page.getByRole('button', { name: 'EN' }).click();
    await page.getByRole('heading', { name: 'Cases' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    const chrome = await page.locator('nav.rail, header.top, .tab-row, .header').allInnerTexts();
    assert.doesNotMatch(chrome.join(' ').replace(/中文|城循|管理员/g, ''), /[\u4e00-\u9fff]/);
    await page.reload();
    await page.getByRole('heading', { name: 'Cases' }).waitFor();
  }],
  ['a session that ends keeps the half-written form, and the call goes on', async ({ open, url, mock }) => {
    const context = await open();
    await sign_in(context, url);
    const page = await context.newPage();
    const file = [...mock.world.cases.values()].find((one) => one.stage === 'reported');
    await page.goto(`${url}/desk/cases/${file.no}`);
    await page.locator('[data-operation=reject]').click();
    await page.locator('dialog textarea').fill('不属于城市管理范围');
    mock.routes.state.sessions.clear();
    await page.locator('dialog button[type=submit]').click();
    await page.getByText('登录已失效').waitFor();
    const dialog = page.locator('dialog').last();
    await dialog.locator('input[name=password]').fill('admin');
    await dialog.locator('input[name=password]').press('Enter');
    await page.getByText('不予立案已办理').waitFor();
    assert.equal(mock.world.cases.get(file.no).stage, 'not_accepted');
    assert.equal(mock.world.cases.get(file.no).timeline.at(-1).comment, '不属于城市管理范围');
  }],
];
