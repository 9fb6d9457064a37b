// SPDX-License-Identifier: Apache-2.0
// The field page without a network.
import assert from 'node:assert/strict';
import { sign_in } from './browser.mjs';

const kPhone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, geolocation: { longitude: 106.52, latitude: 29.4, accuracy: 12 }, permissions: ['geolocation'] };
const kPixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

export const cases = [
  ['accept, arrive and finish in flight mode; sent once and in order when the line is back', async ({ open, url, mock }) => {
    const context = await open(kPhone);
    await sign_in(context, url, 'crew', 'crew');
    const file = [...mock.world.cases.values()].find((one) => one.stage === 'pending_handle');
    const page = await context.newPage();
    await page.goto(`${url}/f/tasks/${file.no}`);
    await page.getByRole('button', { name: '接受' }).waitFor();
    await page.waitForFunction(() => navigator.serviceWorker?.controller !== undefined);
    await page.waitForTimeout(800);
    await context.setOffline(true);
    await page.getByRole('button', { name: '接受' }).click();
    await page.getByRole('button', { name: '到场签到' }).click();
    await page.getByText(/定位 ±12 m/).waitFor();
    const reason = page.locator('section .field input.input');
    if (await reason.count()) await reason.fill('道路封闭，在路口查看');
    await page.getByRole('button', { name: '确认到场' }).click();
    await page.getByRole('button', { name: '提交完成' }).waitFor();
    await page.locator('input[type=file]').setInputFiles({ name: 'after.png', mimeType: 'image/png', buffer: kPixel });
    await page.locator('.picker img').waitFor();
    await page.locator('textarea').fill('已更换井盖');
    await page.getByRole('button', { name: '提交完成' }).click();
    await page.getByText('⇡ 待传 3').waitFor();
    await page.reload();
    await page.getByText('⇡ 待传 3').waitFor();
    await page.waitForTimeout(300);
    assert.equal(mock.world.cases.get(file.no).stage, 'pending_handle');
    await context.setOffline(false);
    await page.getByText('⇡ 待传', { exact: false }).waitFor({ state: 'detached', timeout: 20_000 });
    const after = mock.world.cases.get(file.no);
    assert.deepEqual(after.timeline.slice(1).map((one) => one.action), ['accept', 'arrive', 'finish']);
    assert.equal(after.timeline.at(-1).comment, '已更换井盖');
    assert.equal(after.timeline.at(-1).attachments.length, 1);
  }],
  ['reassigned meanwhile: shown, kept, sent as a comment', async ({ open, url, mock }) => {
    const context = await open(kPhone);
    await sign_in(context, url, 'crew', 'crew');
    const file = [...mock.world.cases.values()].find((one) => one.stage === 'handling');
    const page = await context.newPage();
    await page.goto(`${url}/f/tasks/${file.no}`);
    await page.getByRole('button', { name: '到场签到' }).waitFor();
    await context.setOffline(true);
    await page.getByRole('button', { name: '到场签到' }).click();
    await page.waitForTimeout(500);
    const reason = page.locator('section .field input.input');
    if (await reason.count()) await reason.fill('看过现场');
    await page.getByRole('button', { name: '确认到场' }).click();
    file.stage = 'pending_dispatch';
    file.rev += 1;
    await context.setOffline(false);
    await page.getByRole('link', { name: /待传/ }).first().click();
    await page.getByText(/没有办成/).waitFor({ timeout: 15_000 });
    await page.getByRole('button', { name: '作为备注提交' }).click();
    await page.getByText('没有待传的内容').waitFor();
    assert.equal(mock.world.cases.get(file.no).timeline.at(-1).action, 'comment');
  }],
  ['a report with position and photo', async ({ open, url, mock }) => {
    const context = await open(kPhone);
    await sign_in(context, url, 'crew', 'crew');
    const page = await context.newPage();
    await page.goto(`${url}/f/new`);
    await page.getByText(/定位 ±12 m/).waitFor();
    await page.getByRole('button', { name: '提交' }).click();
    await page.getByText('请写明问题').waitFor();
    await page.locator('input.input').first().fill('路灯井盖破损');
    await page.getByRole('button', { name: '提交' }).click();
    await page.waitForURL(/\/f\/tasks/);
    await page.waitForTimeout(800);
    const report = [...mock.world.reports.values()].at(-1);
    assert.equal(report.title, '路灯井盖破损');
    assert.deepEqual(report.location.coordinates, [106.52, 29.4]);
  }],
];
