// SPDX-License-Identifier: Apache-2.0
// The desk: triage by keyboard, conflicts, ten thousand cases.
import assert from 'node:assert/strict';
import { sign_in } from './browser.mjs';

async function desk(open, url, path, name = 'admin') {
  const context = await open();
  await sign_in(context, url, name, name);
  const page = await context.newPage();
  await page.goto(url + path);
  return page;
}

export const cases = [
  ['inbox: Enter decides, U takes back before anything was sent', async ({ open, url, mock }) => {
    const page = await desk(open, url, '/desk/inbox');
    const file = [...mock.world.cases.values()].find((one) => one.stage === 'pending_dispatch');
    await page.goto(`${url}/desk/inbox?item=${file.no}`);
    await page.locator('[data-operation=dispatch]').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('dialog button[type=submit]').waitFor();
    await page.waitForFunction(() => document.querySelector('dialog [role=combobox]')?.value);
    await page.locator('dialog button[type=submit]').click();
    await page.getByText(/^派遣：/).waitFor();
    assert.equal(mock.world.cases.get(file.no).stage, 'pending_dispatch');
    await page.keyboard.press('u');
    await page.getByText('已撤销').waitFor();
    await page.waitForURL(new RegExp(`item=${file.no}`));
    assert.equal(mock.world.cases.get(file.no).rev, 3);
  }],
  ['inbox: leaving the page sends what was decided', async ({ open, url, mock }) => {
    const file = [...mock.world.cases.values()].find((one) => one.stage === 'reported');
    const page = await desk(open, url, `/desk/inbox?item=${file.no}`);
    await page.locator('[data-operation=reject]').waitFor();
    await page.keyboard.press('r');
    await page.locator('dialog textarea').fill('重复反映');
    await page.locator('dialog button[type=submit]').click();
    await page.getByText(/^不予立案：/).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.waitForURL(/\/desk\/cases/);
    await page.waitForTimeout(600);
    assert.equal(mock.world.cases.get(file.no).stage, 'not_accepted');
  }],
  ['two open one case: the second save shows what changed and keeps what was typed', async ({ open, url, mock }) => {
    const file = [...mock.world.cases.values()].find((one) => one.stage === 'pending_handle');
    const page = await desk(open, url, `/desk/cases/${file.no}`);
    await page.locator('[data-operation=return]').click();
    await page.locator('dialog textarea').fill('不是本单位职责');
    file.rev += 1;
    file.urgency = 'very_urgent';
    file.timeline.push({ seq: 9, at: new Date().toISOString(), actor: 'user:li', actor_name: '李四', action: 'comment', from: file.stage, to: file.stage, comment: '请尽快', fields: {}, attachments: [] });
    await page.locator('dialog button[type=submit]').click();
    const note = page.locator('.conflict');
    await note.waitFor();
    assert.match(await note.innerText(), /紧急度[\s\S]*特急/);
    assert.match(await note.innerText(), /李四/);
    assert.equal(await page.locator('dialog textarea').inputValue(), '不是本单位职责');
    await page.locator('dialog button[type=submit]').click();
    await page.getByText('退回已办理').waitFor();
    assert.equal(mock.world.cases.get(file.no).stage, 'pending_dispatch');
  }],
  ['10,000 cases: few rows in the document, sort and filter at once, the address keeps the view', async ({ open, url }) => {
    const page = await desk(open, url, '/desk/cases?view=all');
    await page.getByText('10,000 条').or(page.getByText('10000 条')).waitFor({ timeout: 30_000 });
    assert.ok(await page.locator('[role=row].one').count() <= 60);
    const t0 = Date.now();
    await page.getByRole('button', { name: '标题' }).click();
    await page.locator('[aria-sort=ascending]').waitFor();
    assert.ok(Date.now() - t0 < 1500, `sorting took ${Date.now() - t0} ms`);
    await page.locator('.host').evaluate((host) => (host.scrollTop = 200_000));
    await page.locator('[role=row].one').first().waitFor();
    assert.ok(await page.locator('[role=row].one').count() <= 60);
    await page.fill('[data-filter=q]', '渝中');
    await page.waitForURL(/q=/);
    await page.keyboard.press('Escape');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('导出 CSV').click()]);
    assert.equal(download.suggestedFilename(), 'cases.csv');
  }, { cases: 10_000 }],
  ['the palette finds a case by words and goes there', async ({ open, url, mock }) => {
    const page = await desk(open, url, '/desk/alarms');
    await page.locator('[role=row].one').first().waitFor();
    await page.keyboard.press('Control+k');
    const [file] = mock.world.cases.values();
    await page.keyboard.type(file.no.slice(6));
    await page.getByRole('option').filter({ hasText: file.title }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/desk/cases/${file.no}`));
  }],
  ['keys are silent while one types, and ? shows them all', async ({ open, url }) => {
    const page = await desk(open, url, '/desk/cases');
    await page.locator('[role=row].one').first().waitFor();
    await page.locator('[data-filter=q]').focus();
    await page.keyboard.type('jjk?');
    assert.equal(await page.locator('.one.current').count(), 0);
    await page.locator('[data-filter=q]').fill('');
    await page.locator('h1').click();
    await page.waitForTimeout(400);
    await page.locator('[role=row].one').first().waitFor();
    await page.keyboard.press('j');
    await page.locator('.one.current').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: '快捷键' }).waitFor();
  }],
  ['a secret is shown once; quarantined readings are taken again', async ({ open, url }) => {
    const page = await desk(open, url, '/desk/admin/access');
    await page.getByRole('button', { name: '新增' }).click();
    await page.locator('dialog input').first().fill('统计平台');
    await page.getByRole('button', { name: '保存' }).click();
    const secret = page.locator('dialog input[readonly]');
    await secret.waitFor();
    assert.match(await secret.inputValue(), /^cl_/);
    await page.getByRole('button', { name: '关闭', exact: true }).click();
    await page.goto(`${url}/desk/admin/quarantine`);
    await page.getByRole('checkbox', { name: '全选' }).check();
    await page.getByRole('button', { name: /重新接收所选/ }).click();
    await page.getByText('已重新接收 14 条').waitFor();
  }],
];
