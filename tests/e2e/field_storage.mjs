// SPDX-License-Identifier: Apache-2.0
// The phone of the person on site (web.md §7, point 47): a browser that is killed, a phone that is full. The browser notices a changed
// quota after half a minute, three times; so it is run with the slow campaigns.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { launch, launch_phone, sign_in } from './browser.mjs';
import { sleep, until } from './city.mjs';
import { acts_of, browser_of, kNear, kPassword, kShort, open_field, photo, press, shot, take, waiting, with_city } from './phone.mjs';

let browser;
before(async () => (browser = await launch()));
after(async () => await browser.close());

test('47: a killed browser loses nothing; a nearly full device says so before the photo, a full one keeps the form', async () => {
  await with_city(browser, async ({ city, sent, file_of }) => {
    const no = await sent();
    const profile = mkdtempSync(join(tmpdir(), 'cityloop-phone-'));
    let context;
    try {
      context = await launch_phone(profile, { geolocation: kNear });
      let page = await sign_in(context, city, 'crew', kPassword);
      await open_field(page, city);
      await page.getByText('化粪池异味').click({ timeout: kShort });
      await page.getByRole('button', { name: '接受', exact: true }).waitFor({ timeout: kShort });
      await context.setOffline(true);
      await press(page, '接受');
      await press(page, '到场签到');
      await take(page, 2);
      await press(page, '确认到场');
      await waiting(page, 2);
      process.kill(browser_of(profile), 'SIGKILL');
      await until('the browser is gone', () => page.isClosed(), kShort);
      assert.equal((await file_of(no)).stage, 'pending_handle');

      context = await launch_phone(profile, { geolocation: kNear, offline: true });
      page = context.pages()[0] ?? (await context.newPage());
      await page.goto(`${city.http}/f/outbox`);
      await waiting(page, 2);
      assert.equal(await page.locator('[data-part=queued]').count(), 2, 'they are still there');
      await page.goto(`${city.http}/f/tasks/${no}`);
      await page.getByRole('button', { name: '提交完成' }).waitFor({ timeout: kShort });

      // A device with little room: the warning stands before a photo is taken.
      const devtools = await context.newCDPSession(page);
      const room = async (quotaSize) => {
        await devtools.send('Storage.overrideQuotaForOrigin', { origin: city.http, quotaSize });
        await sleep(31_000);                            // so long the browser goes by what it has counted before
      };
      assert.equal(await page.getByText('手机存储快满了').count(), 0);
      await room((await devtools.send('Storage.getUsageAndQuota', { origin: city.http })).usage + 4 * 1024 * 1024);
      await page.reload();
      await page.getByText('手机存储快满了').waitFor({ timeout: kShort });
      assert.equal(await page.locator('.picker figure').count(), 0);
      await shot(page, 'full');
      // One without any: nothing is noted down, nothing that was typed is lost.
      await take(page);
      await page.locator('textarea').fill('已修好');
      await room(1);
      await press(page, '提交完成');
      await page.getByText('手机存不下').waitFor({ timeout: kShort });
      assert.equal(await page.locator('textarea').inputValue(), '已修好');
      assert.equal(await page.locator('.picker figure').count(), 1);
      await room(undefined);
      await press(page, '提交完成');
      await waiting(page, 3);
      await context.setOffline(false);
      // A browser that is killed soon after the sign-in may not have kept the session: one signs in again, over the page.
      const dialog = page.getByRole('dialog');
      await until('everything is sent', async () => {
        if (await dialog.isVisible()) {
          await dialog.locator('input[name=password]').fill(kPassword);
          await page.keyboard.press('Enter');
          await dialog.waitFor({ state: 'hidden', timeout: kShort });
        }
        return (await file_of(no)).stage === 'handle_finish' && !(await page.locator('header .count', { hasText: '待传' }).isVisible());
      }, 90_000);
      const acts = acts_of(await file_of(no), 'accept', 'arrive', 'finish', 'comment');
      assert.deepEqual(acts.map((one) => [one.action, one.attachments.length]), [['accept', 0], ['arrive', 2], ['finish', 1]]);
    } finally {
      await context?.close().catch(() => undefined);
      rmSync(profile, { recursive: true, force: true });
    }
  });
});
