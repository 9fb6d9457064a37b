// SPDX-License-Identifier: Apache-2.0
// The phone of the person on site (web.md §7, points 46 to 52): flight mode, a server that dies, a browser that is killed, a case that
// others got meanwhile, photos that were used before.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { axe_findings, kPhone, launch, sign_in } from './browser.mjs';
import { sleep, until } from './city.mjs';
import { acts_of, all_sent, faint_texts, kFar, kNear, kPassword, kShort, kTank, kUnit, open_field, photo, press, shot, side_by_side, small_targets, take, waiting, with_city } from './phone.mjs';

let browser;
before(async () => (browser = await launch()));
after(async () => await browser.close());

test('46: a whole order in flight mode, sent once and in order, with its own time and place', async () => {
  await with_city(browser, async ({ city, sent, phone, file_of }) => {
    const no = await sent();
    const page = await phone('crew');
    await page.getByText('化粪池异味').waitFor({ timeout: kShort });
    await sleep(1500);                                  // the task's file is fetched though nobody has opened it
    await page.context().setOffline(true);
    await page.getByText('离线也可以办理').waitFor();
    await page.reload();
    await page.getByText('化粪池异味').click({ timeout: kShort });
    await page.getByRole('heading', { name: '化粪池异味' }).waitFor();
    await shot(page, 'offline');
    const started = Date.now();
    await press(page, '接受');
    await press(page, '到场签到');
    await page.getByText('定位 ±12 m').waitFor({ timeout: kShort });
    await take(page);
    await press(page, '确认到场');
    await page.getByRole('button', { name: '提交完成' }).waitFor({ timeout: kShort });
    await take(page, 3);
    await page.locator('textarea').fill('已抽排并通风');
    await press(page, '提交完成');
    await waiting(page, 3);
    await page.goto(`${city.http}/f/outbox`);
    await page.locator('[data-part=queued]').nth(2).waitFor({ timeout: kShort });
    assert.equal(await page.locator('[data-part=queued]').count(), 3);
    await shot(page, 'outbox');
    const finished = Date.now();
    assert.equal((await file_of(no)).stage, 'pending_handle', 'the server knows nothing yet');
    await sleep(Math.max(0, started + 35_000 - Date.now()));
    await page.context().setOffline(false);
    await all_sent(page);
    const file = await file_of(no);
    assert.equal(file.stage, 'handle_finish');
    const acts = acts_of(file, 'accept', 'arrive', 'finish', 'comment');
    assert.deepEqual(acts.map((one) => one.action), ['accept', 'arrive', 'finish'], 'once each, in order');
    assert.deepEqual(acts.map((one) => one.attachments.length), [0, 1, 3]);
    assert.equal(acts[2].comment, '已抽排并通风');
    const done = acts.map((one) => Date.parse(one.fields.done_at));
    for (const at of done) assert.ok(at >= started - 2000 && at <= finished + 2000, 'when it was done, not when it came');
    assert.deepEqual(done, [...done].sort((a, b) => a - b));
    assert.ok(Date.parse(acts[2].at) - done[2] > 20_000);
    for (const one of acts.slice(1)) {
      assert.equal(one.fields.location, `${kNear.longitude},${kNear.latitude}`);
      assert.equal(one.fields.accuracy_m, '12');
    }
    await page.goto(`${city.http}/f/tasks/${no}`);
    await page.getByText(/离线办理：.* 办理，.* 传到/).first().waitFor({ timeout: kShort });
    await shot(page, 'done');
    const desk = await sign_in(browser, city, 'desk', kPassword);
    await desk.goto(`${city.http}/desk/cases/${no}`);
    await desk.getByText(/离线办理：.* 办理，.* 传到/).first().waitFor({ timeout: kShort });
    await desk.getByText(/定位 29\.54380, 106\.45030|定位 106\.45030, 29\.54380/).first().waitFor({ timeout: kShort });
    await shot(desk, 'desk');
    await desk.context().close();
  });
});

test('46: an answer that was lost, a server that is killed: one act, one report', async () => {
  await with_city(browser, async ({ city, token, sent, phone, file_of }) => {
    const no = await sent();
    const page = await phone('crew');
    await page.getByText('化粪池异味').click({ timeout: kShort });
    // What reaches the server is done; the phone never hears of it, as often as it tries.
    let lost = 0;
    const lose = async (route) => {
      await fetch(route.request().url(), { method: 'POST', headers: await route.request().allHeaders(), body: route.request().postDataBuffer() });
      lost += 1;
      await route.abort('connectionreset');
    };
    await page.context().route('**/actions', lose);
    await page.context().route('**/api/v1/reports', lose);
    await press(page, '接受');
    await until('it reached the server', async () => (await file_of(no)).stage === 'handling');
    await waiting(page, 1);
    await page.goto(`${city.http}/f/new`);
    await page.getByText('定位 ±12 m').waitFor({ timeout: kShort });
    await page.getByPlaceholder('如：路灯井盖破损').fill('井盖松动');
    await take(page);
    await press(page, '提交');
    await until('both were lost', () => lost >= 1);
    await city.kill();
    await until('the phone sees it', async () => await page.locator('header .state', { hasText: '离线' }).isVisible(), 40_000);
    city.listen = new URL(city.http).host;              // where the phone looks for it
    await city.start();
    await page.context().unroute('**/actions', lose);
    await page.context().unroute('**/api/v1/reports', lose);
    await all_sent(page);
    assert.equal(acts_of(await file_of(no), 'accept').length, 1);
    const reports = (await city.must('GET', '/api/v1/reports')).items.filter((one) => one.title === '井盖松动');
    assert.equal(reports.length, 1);
    assert.equal(reports[0].attachments.length, 1);
    assert.deepEqual(reports[0].location.coordinates, [kNear.longitude, kNear.latitude]);
    assert.ok(token);
    page.complaints = page.complaints.filter((one) => !/WebSocket|ERR_CONNECTION/.test(one));
  });
});

test('48: a new task is heard and felt on any page; one thumb, 44 px, 7:1 by day', async () => {
  await with_city(browser, async ({ city, sent, phone, file_of, person }) => {
    const page = await phone('crew');
    await page.addInitScript(() => {
      window.heard = { tones: 0, buzzes: 0 };
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (...when) {
        window.heard.tones += 1;
        return start.apply(this, when);
      };
      navigator.vibrate = () => (window.heard.buzzes += 1) > 0;
    });
    await page.goto(`${city.http}/f/me`);               // not the list of tasks
    await page.getByText('账户').waitFor({ timeout: kShort });
    await sleep(1000);
    await page.locator('h1').click();                   // the first touch
    assert.deepEqual(await page.evaluate(() => window.heard), { tones: 0, buzzes: 0 });
    const first = await sent();
    await page.getByText('新任务：化粪池异味').waitFor({ timeout: kShort });
    const heard = await page.evaluate(() => window.heard);
    assert.ok(heard.tones >= 1 && heard.buzzes === 1, JSON.stringify(heard));
    const second = await sent('septic-500106-0002', '0303', '化粪池外溢');
    await until('it buzzes again', async () => (await page.evaluate(() => window.heard.buzzes)) === 2);

    await page.goto(`${city.http}/f/tasks`);
    await page.getByRole('button', { name: '接受', exact: true }).nth(1).waitFor({ timeout: kShort });
    assert.deepEqual(await small_targets(page), []);
    assert.deepEqual(await faint_texts(page, 7), []);
    assert.deepEqual(await axe_findings(page), []);
    await shot(page, 'tasks');
    // One by the list, one by its own page, whose buttons lie where the thumb is.
    await page.locator('article', { hasText: '化粪池异味' }).getByRole('button', { name: '接受', exact: true }).tap();
    await until('accepted', async () => (await file_of(first)).stage === 'handling');
    await page.getByText('化粪池外溢').tap();
    const back = page.getByRole('button', { name: '退回', exact: true });
    await back.waitFor({ timeout: kShort });
    const box = await back.boundingBox();
    assert.ok(box.y > kPhone.height * 0.6 && box.y + box.height < kPhone.height - 50, `within reach: ${JSON.stringify(box)}`);
    assert.deepEqual(await small_targets(page), []);
    assert.deepEqual(await faint_texts(page, 7), []);
    await shot(page, 'task');
    await back.tap();
    await page.getByRole('dialog').locator('textarea').fill('不是我们的设施');
    assert.deepEqual(await small_targets(page), []);
    await page.getByRole('dialog').locator('button[type=submit]').tap();
    const desk = await person('unit');
    assert.ok(desk);
    await page.goto(`${city.http}/f/outbox`);
    await page.goto(`${city.http}/f/tasks/${first}`);
    await press(page, '到场签到');
    await page.getByText('定位 ±12 m').waitFor({ timeout: kShort });
    await take(page, 1);
    assert.deepEqual(await small_targets(page), []);
    assert.deepEqual(await faint_texts(page, 7), []);
    await shot(page, 'arrive');
    assert.ok(second);
  });
});

test('49: reassigned while offline: the worker sees it, the photos become evidence of the case', async () => {
  await with_city(browser, async ({ city, sent, phone, person, file_of, does }) => {
    const no = await sent();
    const page = await phone('crew');
    await page.getByText('化粪池异味').click({ timeout: kShort });
    await press(page, '接受');
    await until('accepted', async () => (await file_of(no)).stage === 'handling');
    await page.getByRole('button', { name: '到场签到' }).waitFor({ timeout: kShort });
    await page.context().setOffline(true);
    await press(page, '到场签到');
    await page.getByText('定位 ±12 m').waitFor({ timeout: kShort });
    await take(page);
    await press(page, '确认到场');
    await page.getByRole('button', { name: '提交完成' }).waitFor({ timeout: kShort });
    await take(page, 2);
    await page.locator('textarea').fill('已抽排');
    await press(page, '提交完成');
    await waiting(page, 2);
    // Meanwhile the dispatcher takes it back and another crew has it.
    await does('dispatcher', no, 'recall', { reason: '改派' });
    await does('dispatcher', no, 'dispatch', { unit: kUnit });
    const [unit, mate] = [await person('unit'), await person('mate')];
    await unit(no, 'assign', { handler: 'mate' });
    await mate(no, 'accept');
    await page.context().setOffline(false);
    await all_sent(page);
    const file = await file_of(no);
    assert.equal(file.stage, 'handling', 'the other crew still has it');
    assert.equal(file.handler, 'user:mate');
    const evidence = acts_of(file, 'comment');
    assert.deepEqual(evidence.map((one) => one.attachments.length), [1, 2]);
    assert.match(evidence[1].comment, /处置完成.*没有办成[^]*已抽排/);
    assert.ok(evidence.every((one) => one.actor === 'user:crew' && one.fields.done_at && one.fields.location));
    assert.equal(acts_of(file, 'arrive', 'finish').length, 0);
    await page.goto(`${city.http}/f/tasks`);
    await page.getByText('离线期间案件已改派给别人').first().waitFor({ timeout: kShort });
    await page.getByText('2 张照片和说明已作为补充材料附到案件').waitFor();
    assert.deepEqual(await axe_findings(page), []);
    assert.deepEqual(await small_targets(page), []);
    assert.deepEqual(await faint_texts(page, 7), []);
    await shot(page, 'told');
    await page.goto(`${city.http}/f/tasks/${no}`);
    await page.getByText('现由 mate 办理').waitFor({ timeout: kShort });
    await page.getByRole('button', { name: '知道了' }).first().click();
    await page.getByRole('button', { name: '知道了' }).first().click();
    await page.reload();
    await page.getByRole('heading', { name: '化粪池异味' }).waitFor({ timeout: kShort });
    assert.equal(await page.getByText('没有办成：').count(), 0);
  });
});

test('50 and 52: the arrival says how exact it is; far away wants a reason and goes on; no position is asked for when idle', async () => {
  await with_city(browser, async ({ city, sent, phone, file_of }) => {
    const no = await sent();
    const page = await phone('crew', { geolocation: kFar });
    await page.addInitScript(() => {
      window.asked = { once: 0, watched: 0 };
      const place = navigator.geolocation;
      const once = place.getCurrentPosition.bind(place);
      place.getCurrentPosition = (...all) => ((window.asked.once += 1), once(...all));
      place.watchPosition = () => (window.asked.watched += 1);
    });
    await page.goto(`${city.http}/f/tasks/${no}`);
    await press(page, '接受');
    await page.getByRole('button', { name: '到场签到' }).waitFor({ timeout: kShort });
    await sleep(1500);
    assert.deepEqual(await page.evaluate(() => window.asked), { once: 0, watched: 0 });
    await press(page, '到场签到');
    await page.getByText('定位 ±35 m').waitFor({ timeout: kShort });
    assert.deepEqual(await page.evaluate(() => window.asked), { once: 1, watched: 0 });
    await press(page, '确认到场');
    await page.getByRole('alert').filter({ hasText: '请写明原因' }).waitFor();
    assert.equal((await file_of(no)).orders.at(-1).arrived_at, null, 'not without a reason');
    await shot(page, 'far');
    await page.getByLabel(/距案件/).fill('施工围挡，绕行');
    await press(page, '确认到场');
    const order = await until('arrived', async () => {
      const one = (await file_of(no)).orders.at(-1);
      return one.arrived_at && one;
    });
    assert.deepEqual(order.arrived_location.coordinates, [kFar.longitude, kFar.latitude]);
    const [arrival] = acts_of(await file_of(no), 'arrive');
    assert.match(arrival.comment, /施工围挡，绕行/);
    assert.equal(arrival.fields.accuracy_m, '35');
    assert.ok(Number(arrival.fields.distance_m) > 900);
    await page.getByText(/±35 米 · 距案件 9\d\d 米/).waitFor({ timeout: kShort });
  });
});

test('51: the pair that the class wants, side by side for who checks; a photo that was used before is flagged to both', async () => {
  await with_city(browser, async ({ city, sent, phone, person, file_of, does }) => {
    await city.must('PUT', '/api/v1/assets/tree-1', { kind: 'ancient_tree', name: '黄葛古树', location: { type: 'Point', coordinates: kTank } });
    const old = await sent();
    const no = await sent('tree-1', '0401', '古树倾斜');
    const page = await phone('crew');
    const old_photo = await photo(page, 0x112233);
    for (const [file, title] of [[old, '化粪池异味'], [no, '古树倾斜']]) {
      await page.goto(`${city.http}/f/tasks/${file}`);
      await page.getByRole('heading', { name: title }).waitFor({ timeout: kShort });
      await press(page, '接受');
      await press(page, '到场签到');
      await page.getByText('定位 ±12 m').waitFor({ timeout: kShort });
      if (file === no) {
        await press(page, '确认到场');
        await page.getByText('本类案件需要处置前的照片').waitFor();
        assert.equal(acts_of(await file_of(no), 'arrive').length, 0);
        await take(page);
      }
      await press(page, '确认到场');
      await page.getByRole('button', { name: '提交完成' }).waitFor({ timeout: kShort });
      if (file === old) {
        await take(page, 1, async () => old_photo);
        assert.equal(await page.getByText('这张照片').count(), 0);
        await press(page, '提交完成');
        await until('finished', async () => (await file_of(old)).stage === 'handle_finish');
      }
    }
    await take(page);
    await take(page, 1, async () => old_photo);
    await page.getByText(/这张照片 .* 已用于“处置完成 · 化粪池异味”/).waitFor({ timeout: kShort });
    await shot(page, 'used');
    await press(page, '提交完成');
    await until('finished', async () => (await file_of(no)).stage === 'handle_finish');
    const finish = acts_of(await file_of(no), 'finish')[0];
    assert.equal(finish.fields.used_again, finish.attachments[1]);
    assert.equal(acts_of(await file_of(old), 'finish')[0].fields.used_again, undefined);
    const unit = await person('unit');
    await unit(no, 'feedback');
    await does('dispatcher', no, 'feedback');

    const checker = await phone('check');
    await checker.getByRole('tab', { name: /核实核查/ }).click();
    await checker.getByText('古树倾斜').click({ timeout: kShort });
    await side_by_side(checker);
    await checker.getByText('重复照片：曾用于其他案件或来件').first().waitFor({ timeout: kShort });
    assert.deepEqual(await axe_findings(checker), []);
    assert.deepEqual(await small_targets(checker), []);
    await shot(checker, 'check');
    const desk = await sign_in(browser, city, 'desk', kPassword, { viewport: { width: 1440, height: 900 } });
    await desk.goto(`${city.http}/desk/cases/${no}`);
    await side_by_side(desk);
    await desk.getByText('重复照片：曾用于其他案件或来件').first().waitFor({ timeout: kShort });
    assert.deepEqual(await axe_findings(desk), []);
    await shot(desk, 'desk-pair');
    await desk.context().close();

    // 核查, also without a network.
    await checker.context().setOffline(true);
    await press(checker, '提交核查');
    await checker.getByText('请选择结果').waitFor();
    await checker.getByText('不合格，返工').click();
    await press(checker, '提交核查');
    await checker.getByText('请写明哪里不合格').waitFor();
    await checker.locator('textarea').fill('照片是旧的');
    await take(checker);
    await press(checker, '提交核查');
    await waiting(checker, 1);
    await checker.context().setOffline(false);
    await until('back to the crew', async () => (await file_of(no)).stage === 'handling');
    const rework = acts_of(await file_of(no), 'rework')[0];
    assert.equal(rework.attachments.length, 1);
    assert.match(rework.comment, /照片是旧的/);
  });
});
test('a patrol report and a verification from the phone, offline; another person on the same phone sends nothing of them', async () => {
  await with_city(browser, async ({ city, phone, file_of, does, token }) => {
    await city.must('POST', '/api/v1/classes:import', 'scheme,type,code,name,condition,filing,closing,limit\r\nGB2013,event,0101,暴露垃圾,1,有垃圾,清理干净,4WH\r\n', city.admin, { 'content-type': 'text/csv' });
    const acceptor = city.token('acceptor', 'acceptor');
    const page = await phone('check');
    await sleep(1000);
    await page.context().setOffline(true);
    await page.goto(`${city.http}/f/new`);
    await page.getByText('定位 ±12 m').waitFor({ timeout: kShort });
    await press(page, '提交');
    await page.getByText('请写明问题').waitFor();
    const box = page.getByRole('combobox', { name: '类别' });
    await box.fill('暴露');
    await page.getByRole('option', { name: /0101 暴露垃圾/ }).click();
    await take(page, 2);
    assert.deepEqual(await small_targets(page), []);
    assert.deepEqual(await faint_texts(page, 7), []);
    await shot(page, 'new');
    const before = Date.now();
    await press(page, '提交');
    await waiting(page, 1);
    // The phone goes to a colleague: they see neither what waits nor send it.
    await page.context().setOffline(false);
    await page.context().route('**/api/v1/reports', (route) => route.abort());
    await page.evaluate(async () => await fetch('/api/v1/session', { method: 'DELETE', headers: { 'x-csrf-token': (await (await fetch('/api/v1/session')).json()).csrf } }));
    await page.goto(`${city.http}/login`);
    await page.fill('input[name=username]', 'crew');
    await page.fill('input[name=password]', kPassword);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => !url.pathname.startsWith('/login'));
    await page.context().unroute('**/api/v1/reports');
    await page.goto(`${city.http}/f/outbox`);
    await page.getByText('另有 1 项属于账户 check').waitFor({ timeout: kShort });
    await sleep(1500);
    assert.equal((await city.must('GET', '/api/v1/reports')).items.length, 0);
    await page.goto(`${city.http}/f/me`);
    await press(page, '退出登录').catch(async () => await page.getByRole('button', { name: /退出/ }).click());
    await page.waitForURL(/login/);
    await page.fill('input[name=username]', 'check');
    await page.fill('input[name=password]', kPassword);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => !url.pathname.startsWith('/login'));
    await page.goto(`${city.http}/f/tasks`);
    const report = await until('the report is there', async () => (await city.must('GET', '/api/v1/reports')).items[0]);
    await all_sent(page);
    assert.equal(report.title, '暴露垃圾');
    assert.equal(report.class.code, '0101');
    assert.equal(report.attachments.length, 2);
    assert.ok(Math.abs(Date.parse(report.at) - before) < 15_000);
    assert.deepEqual(report.location.coordinates, [kNear.longitude, kNear.latitude]);

    // 核实: the task comes by itself, the result goes back from a phone without a network.
    await does('acceptor', report.case, 'verify', {}).catch(async () => await city.must('POST', `/api/v1/cases/${report.case}/actions`, { action: 'verify' }, acceptor, { 'if-match': `"${(await file_of(report.case)).rev}"` }));
    await page.getByText('新任务：暴露垃圾').waitFor({ timeout: kShort });
    await page.getByRole('tab', { name: /核实核查 1/ }).click();
    await page.locator('article').getByText('暴露垃圾').click();
    await page.getByRole('button', { name: '提交核实' }).waitFor({ timeout: kShort });
    await page.context().setOffline(true);
    await page.getByText('属实', { exact: true }).click();
    await take(page);
    await shot(page, 'verify');
    await press(page, '提交核实');
    await waiting(page, 1);
    await page.context().setOffline(false);
    await until('verified', async () => (await file_of(report.case)).stage === 'reported');
    const verified = acts_of(await file_of(report.case), 'verify').at(-1);
    assert.equal(verified.fields.result, 'confirmed');
    assert.equal(verified.attachments.length, 1);
    assert.equal(verified.fields.location, `${kNear.longitude},${kNear.latitude}`);
    assert.ok(token);
  });
});
