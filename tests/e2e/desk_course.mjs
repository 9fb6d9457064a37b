// SPDX-License-Identifier: Apache-2.0
// What befalls a case on its way, by clicking: each step back or aside needs its reason, stands on the timeline and counts in the scores;
// the clock is the server's whatever the computer thinks; an alarm and its case know each other, and a closed case hides no danger.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { sign_in } from './browser.mjs';
import { sleep, until } from './city.mjs';
import { browser, close_browser, kDesk, kPassword, kShort, nothing_serious, open_browser, picture, press, session_of, with_desk } from './desk_city.mjs';

before(open_browser);
after(close_browser);

const kUnit = '500106-sanitation';

async function with_unit(work) {
  await with_desk(async (desk) => {
    const { city, account, file } = desk;
    await account('unit', 'unit_desk', { shown: '环卫平台', area: '500106', unit: kUnit });
    await account('crew', 'handler', { shown: '班组', area: '500106', unit: kUnit });
    const sessions = { unit: await session_of(city, 'unit'), crew: await session_of(city, 'crew') };
    const does = async (who, no, action, body = {}) => {
      const answer = await city.call('POST', `/api/v1/cases/${no}/actions`, { action, ...body }, null, { ...sessions[who], 'if-match': `"${(await file(no)).rev}"` });
      assert.ok(answer.status < 300, `${who} ${action}: ${JSON.stringify(answer.body)}`);
    };
    await work({ ...desk, does });
  });
}

async function photo(page) {
  const base64 = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [320, 240];
    canvas.getContext('2d').fillRect(0, 0, 200, 200);
    return canvas.toDataURL('image/jpeg').split(',')[1];
  });
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

// The action's form refuses to go without its reason, and goes with it; the timeline then shows action and reason.
async function with_reason(page, action, word, reason) {
  await press(page, action, async (dialog) => {
    await dialog.locator('button[type=submit]').click();
    await dialog.locator('[aria-invalid=true]').first().waitFor({ timeout: kShort });
    await dialog.locator('textarea').first().fill(reason);
    for (const quick of ['8 小时', '1 天', '明天']) {
      const button = dialog.getByRole('button', { name: quick });
      if (await button.count()) await button.first().click();
    }
  });
  const entry = page.locator('.timeline li').filter({ hasText: reason }).first();
  await entry.waitFor({ timeout: kShort });
  assert.match(await entry.innerText(), word, action);
}

test('退回, 转办, 延期, 挂账, 返工, 作废: each with its reason, on the timeline, in the scores', async () => {
  await with_unit(async ({ city, person, make, act, does, file }) => {
    const shift = await person('duty', ['shift_leader', 'dispatcher', 'acceptor', 'collector'], { shown: '值班' });
    const unit = await sign_in(browser(), city, 'unit', kPassword, kDesk);
    const no = await make('化粪池异味');
    for (const page of [shift, unit]) await page.goto(`${city.http}/desk/cases/${no}`);

    // 退回 by the unit, 转办: sent again to another, recalled, and back.
    await act(no, 'dispatch', { unit: kUnit });
    await with_reason(unit, 'return', /退回/, '不属于我所，井在小区内');
    await shift.reload();
    await press(shift, 'dispatch', async (dialog) => {
      await dialog.getByRole('combobox').first().fill('排水');
      await dialog.getByRole('option').filter({ hasText: '排水' }).first().click();
    });
    await until('at the other unit', async () => (await file(no)).unit === '500106-drainage');
    await with_reason(shift, 'recall', /撤回|召回|收回/, '确为环卫所管养');
    await press(shift, 'dispatch', async (dialog) => {
      await dialog.getByRole('combobox').first().fill('环卫');
      await dialog.getByRole('option').filter({ hasText: '环卫' }).first().click();
    });
    await until('back', async () => (await file(no)).unit === kUnit);

    // 延期 and 挂账, asked by the unit, granted by the dispatcher; the clock stands still meanwhile and says so.
    await does('crew', no, 'accept');
    await unit.reload();
    await with_reason(unit, 'request_extension', /延期/, '等配件到货');
    await shift.reload();
    await press(shift, 'extend');
    await unit.reload();
    await with_reason(unit, 'request_suspension', /挂账/, '汛期水位高');
    await shift.reload();
    await with_reason(shift, 'suspend', /挂账/, '同意至水位回落');
    await shift.getByText('已暂停').or(shift.getByText('暂停', { exact: false })).first().waitFor({ timeout: kShort });
    assert.equal((await file(no)).deadline.paused, true);
    await picture(shift, 'desk-course');
    await nothing_serious(shift, 'a case with a history');
    await press(shift, 'resume');
    await until('goes on', async () => (await file(no)).stage === 'handling');

    // 返工: checked and sent back.
    const { id } = await city.must('POST', '/api/v1/attachments', await photo(shift), city.admin, { 'content-type': 'image/jpeg' });
    await does('crew', no, 'finish', { comment: '已清掏', attachments: [id] });
    await does('unit', no, 'feedback');
    await act(no, 'feedback');
    await shift.reload();
    await press(shift, 'check', async (dialog) => await dialog.locator('textarea').first().fill('现场仍有溢流'));
    await until('to be closed', async () => (await file(no)).stage === 'pending_close');
    await with_reason(shift, 'rework', /返工/, '复核不合格，重新清掏');
    const whole = await file(no);
    assert.deepEqual([whole.returns, whole.reworks, whole.course.extensions], [1, 1, 1]);

    // 作废 of another one.
    const wrong = await make('误报一件', 'septic-500106-0002');
    await shift.goto(`${city.http}/desk/cases/${wrong}`);
    await with_reason(shift, 'cancel', /作废/, '重复录入');
    assert.equal((await file(wrong)).stage, 'cancelled');

    const score = await until('counted', async () => {
      const row = (await city.must('GET', '/api/v1/scores?object=unit')).items.find((one) => one.id === kUnit)?.counts;
      return row?.returned === 1 && row;
    });
    assert.equal(score.dispatched, 2, 'the one that was returned, and the one after it; rework and extension count when the limit is over');
    await unit.context().close();
  });
});

test('a computer whose clock is three days wrong shows the server\'s time left, and overdue at the moment it is', async () => {
  await with_unit(async ({ city, person, make, act }) => {
    const no = await make('化粪池异味');
    await act(no, 'dispatch', { unit: kUnit });
    const right = await person('right', 'dispatcher', { shown: '准' });
    const wrong = await person('wrong', 'dispatcher', { shown: '错' });
    await wrong.addInitScript(() => {
      const [real, ahead] = [Date, 3 * 86_400_000];
      const now = () => real.now() + ahead;
      globalThis.Date = new Proxy(real, { construct: (target, given) => (given.length ? new target(...given) : new target(now())), get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)) });
    });
    for (const page of [right, wrong]) {
      await page.goto(`${city.http}/desk/cases/${no}`);
      await page.getByText(/剩/).first().waitFor({ timeout: kShort });
      await page.getByText('实时').first().waitFor({ timeout: kShort });
    }
    await sleep(1500);
    const minutes = async (page) => {
      const text = await page.locator('.page-head').innerText();
      const [, hours = 0, left = 0] = /(?:(\d+) ?(?:小时|时|h))? ?(?:(\d+) ?(?:分|min))/.exec(text) ?? [];
      return Number(hours) * 60 + Number(left);
    };
    const [one, other] = [await minutes(right), await minutes(wrong)];
    assert.ok(one > 100 && one <= 120, `${one} minutes of two hours are left`);
    assert.ok(Math.abs(one - other) <= 1, `${one} and ${other}`);
  });
});

test('an alarm and its case lead to each other; closing the case hides no alarm that is still true', async () => {
  await with_desk(async ({ city, person, act, token }) => {
    const now = Date.now();
    for (const at of [now - 2000, now - 1000]) await city.must('POST', '/api/v1/readings', { asset: 'septic-500106-0001', at: new Date(at).toISOString(), values: { ch4: 150 } });
    const alarm = await until('an alarm with its case', async () => (await city.must('GET', '/api/v1/alarms?state=firing')).items.find((one) => one.case), kShort);
    const page = await person('duty', 'shift_leader', { shown: '值班' });
    await page.goto(`${city.http}/desk/alarms`);
    await page.locator(`a[href="/desk/cases/${alarm.case}"]`).first().click({ timeout: kShort });
    await page.waitForURL(new RegExp(alarm.case));
    await page.locator(`a[href*="${alarm.id}"]`).first().waitFor({ timeout: kShort });
    await act(alarm.case, 'force_close', { reason: '演练' }, token('leader'));
    await page.getByText('强制结案').first().waitFor({ timeout: kShort });
    const still = await city.must('GET', `/api/v1/alarms/${alarm.id}`);
    assert.equal(still.state, 'firing', 'the gas has not read the file');
    await page.goto(`${city.http}/desk/alarms`);
    await page.getByText(/甲烷|150/).first().waitFor({ timeout: kShort });
    await page.goto(`${city.http}/screen/overview`);
    await page.getByText(/甲烷 150/).first().waitFor({ timeout: kShort });
    await page.goto(`${city.http}/desk/cases/${alarm.case}`);
    await page.locator(`a[href*="${alarm.id}"]`).first().click({ timeout: kShort });
    await page.waitForURL(new RegExp(`a=${alarm.id}`));
  });
});
