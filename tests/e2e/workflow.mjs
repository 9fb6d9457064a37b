// SPDX-License-Identifier: Apache-2.0
// What befalls a case beside its stages, through the real doors: 延期, 挂账, 督办, 申诉, merges undone, cases split; across kills
// of the program, and by two people in two browsers.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { City, iso, sleep, until } from './city.mjs';
import { axe_findings, kPhone, launch, sign_in } from './browser.mjs';

const kPassword = 'Correct-Horse-1', kUnit = '500106-sanitation';
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

async function with_city(work, args = []) {
  const city = await new City(args).start();
  try {
    await city.lay_out();
    const people = { admin: city.admin };
    for (const [name, role, area] of [['acceptor', 'acceptor'], ['shift', 'shift_leader'], ['dispatcher', 'dispatcher'], ['collector', 'collector', '500106'],
      ['leader', 'leader'], ['inspector', 'inspector'], ['elsewhere', 'leader', '500112']]) people[name] = city.token(name, role, area);
    // People of a unit sign in: a token has no unit. A session that has idled away (the clock may run fast) is opened anew.
    const kCrew = { desk: 'unit_desk', crew: 'handler' }, sessions = {};
    for (const [name, role] of Object.entries(kCrew))
      await city.must('PUT', `/api/v1/users/${name}`, { person: name, roles: [role], area: '500106', unit: kUnit, password: kPassword, must_change: false });
    const open_session = async (name) => {
      const answer = await fetch(`${city.http}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, password: kPassword }) });
      assert.ok(answer.ok, String(answer.status));
      return { cookie: answer.headers.getSetCookie().map((one) => one.split(';')[0]).join('; '), 'x-csrf-token': (await answer.json()).csrf };
    };
    const call = async (who, no, action, body = {}) => {
      const file = await city.must('GET', `/api/v1/cases/${no}`);
      const post = async (own = {}) => await city.call('POST', `/api/v1/cases/${no}/actions`, { action, ...body }, people[who] ?? null, { 'if-match': `"${file.rev}"`, ...own });
      if (!kCrew[who]) return await post();
      const answer = await post((sessions[who] ??= await open_session(who)));
      return answer.status === 401 ? await post((sessions[who] = await open_session(who))) : answer;
    };
    const does = async (...words) => {
      const answer = await call(...words);
      assert.ok(answer.status < 300, `${words[0]} ${words[2]}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    const refused = async (status, ...words) => assert.equal((await call(...words)).status, status, words.join(' '));
    // A case of the septic pack (its limit is 2 urgent hours) where the crew works on it.
    const handled = async (asset = 'septic-500106-0001') => {
      const { no } = await city.must('POST', '/api/v1/cases', { title: '化粪池异味', class: '0303', asset }, people.dispatcher);
      await does('dispatcher', no, 'dispatch', { unit: kUnit });
      await does('crew', no, 'accept');
      return no;
    };
    const finished = async (no) => {
      const kept = await city.must('POST', '/api/v1/attachments', new Uint8Array(png), city.admin, { 'content-type': 'image/png' });
      await does('crew', no, 'finish', { attachments: [kept.id] });
      await does('desk', no, 'feedback');
      await does('dispatcher', no, 'feedback');
      await does('collector', no, 'check', { result: 'ok' });
    };
    const file_of = async (no) => await city.must('GET', `/api/v1/cases/${no}`);
    const listed = async (query) => (await city.must('GET', `/api/v1/cases?${query}`)).items.map((one) => one.no);
    await work({ city, people, does, refused, handled, finished, file_of, listed });
  } finally {
    await city.stop();
  }
}

test('an extension is asked for, endorsed, granted twice at most; a suspension ends by itself, also after a kill', async () => {
  await with_city(async ({ city, does, refused, handled, file_of, listed }) => {
    const no = await handled();
    const due = async () => Date.parse((await file_of(no)).deadline.at);
    const first = await due();
    await refused(422, 'crew', no, 'request_extension');
    await does('crew', no, 'request_extension', { reason: '等配件' });
    assert.deepEqual(await listed('asked=extension'), [no]);
    await refused(409, 'dispatcher', no, 'extend');
    await does('desk', no, 'endorse');
    await does('dispatcher', no, 'extend', { comment: '同意' });
    assert.equal(await due(), first + 2 * 3600_000, 'one limit more');
    await does('desk', no, 'request_extension', { reason: '再等' });
    await does('dispatcher', no, 'extend');
    assert.equal(await due(), first + 4 * 3600_000, 'one original limit more');
    await refused(409, 'desk', no, 'request_extension', { reason: '第三次' });
    assert.deepEqual(await listed('asked=extension'), []);

    await refused(422, 'desk', no, 'request_suspension', { reason: '汛期', until: iso(Date.now() - 1000) });
    await does('desk', no, 'request_suspension', { reason: '汛期', until: iso(Date.now() + 6000) });
    await does('dispatcher', no, 'suspend', { reason: '同意挂账' });
    assert.deepEqual(await listed('stage=suspended'), [no]);
    await refused(409, 'crew', no, 'finish', { comment: 'x' });
    await city.kill();
    await city.start();
    assert.equal((await file_of(no)).stage, 'suspended');
    const back = await until('it resumes', async () => ((await file_of(no)).stage === 'handling' ? await file_of(no) : undefined), 15_000);
    assert.equal(back.timeline.filter((one) => one.action === 'resume').length, 1);
    assert.equal(back.course.suspended_until, null);
    assert.ok(Date.parse(back.deadline.at) > first + 4 * 3600_000 + 3000, 'the clock stood still meanwhile');
  });
});

test('a supervision escalates once, across a kill; the urged unit replies and cannot conclude', async () => {
  await with_city(async ({ city, does, refused, handled, file_of, listed }) => {
    const no = await handled();
    await refused(403, 'elsewhere', no, 'supervise', { kind: 'leader', requirement: 'x' });
    await refused(403, 'desk', no, 'supervise', { kind: 'leader', requirement: 'x' });
    await does('leader', no, 'supervise', { kind: 'leader', requirement: '今日办结', due: iso(Date.now() + 4000) });
    assert.deepEqual(await listed('supervised=open'), [no]);
    await city.kill();
    await city.start();
    await until('it escalates', async () => (await listed('supervised=escalated')).length === 1, 15_000);
    await sleep(2500);
    assert.equal((await file_of(no)).timeline.filter((one) => one.action === 'supervision.escalated').length, 1, 'once');
    await refused(409, 'leader', no, 'conclude');
    await does('desk', no, 'reply', { comment: '已安排，今晚完成' });
    await refused(403, 'desk', no, 'conclude');
    await does('inspector', no, 'conclude');
    assert.deepEqual(await listed('supervised=open,replied,escalated'), []);
    await does('leader', no, 'instruct', { comment: '举一反三' });
  });
});

test('cases split and merges undone keep what is theirs', async () => {
  await with_city(async ({ does, refused, handled, finished, file_of, listed, people, city }) => {
    const no = await handled();
    await does('dispatcher', no, 'split', { title: '路面修复', class: '0184' });
    const [child] = (await file_of(no)).course.children;
    assert.equal((await file_of(child)).course.parent, no);
    assert.deepEqual(await listed(`parent=${no}`), [child]);
    await finished(no);
    const closing = (await file_of(no)).actions.find((one) => one.name === 'close');
    assert.equal(closing.code, 'children', JSON.stringify(closing));
    await refused(409, 'shift', no, 'close');
    await does('shift', child, 'cancel', { reason: '不再需要' });

    const other = await city.must('POST', '/api/v1/cases', { title: '同一处', class: '0101', asset: 'septic-500106-0002' }, people.dispatcher);
    const into = await city.must('POST', '/api/v1/cases', { title: '井盖', class: '0102', asset: 'septic-500106-0002' }, people.dispatcher);
    await does('dispatcher', other.no, 'merge', { into: into.no });
    assert.equal((await file_of(other.no)).merged_into, into.no);
    await does('dispatcher', other.no, 'unmerge', { reason: '两处问题' });
    const parted = await file_of(other.no);
    assert.equal(parted.stage, 'pending_dispatch');
    assert.equal(parted.merged_into, null);
    await refused(409, 'dispatcher', other.no, 'unmerge', { reason: '再次' });
  });
});

// One second of the wall is half an hour of the city.
test('a late unit appeals once; upheld by two desks it no longer counts', async () => {
  await with_city(async ({ city, does, refused, handled, finished, file_of }) => {
    const no = await handled();
    await until('the limit runs out', async () => (await file_of(no)).deadline.overdue, 20_000);
    await refused(409, 'desk', no, 'request_extension', { reason: '太晚' });
    await finished(no);
    await does('shift', no, 'force_close', { reason: '已完成' });
    const score = async () => (await city.must('GET', `/api/v1/scores?object=unit&period=2026-03`)).items.find((one) => one.id === kUnit)?.counts;
    await until('it counts as overdue', async () => (await score())?.overdue === 1);
    await refused(422, 'desk', no, 'appeal');
    await does('desk', no, 'appeal', { reason: '道路封闭' });
    await refused(409, 'acceptor', no, 'uphold_appeal');
    await does('dispatcher', no, 'uphold_appeal');
    await refused(409, 'dispatcher', no, 'uphold_appeal');
    await does('acceptor', no, 'uphold_appeal', { comment: '属实' });
    await until('it counts no longer', async () => (await score()).overdue === 0);
    const file = await file_of(no);
    assert.equal(file.course.exempt, true);
    assert.ok(file.clocks.some((one) => one.stage === 'handling' && one.overdue), 'the clock keeps what it showed');
    await refused(409, 'desk', no, 'appeal', { reason: '再次' });
    await does('acceptor', no, 'revisit', { satisfaction: 'satisfied' });
    await does('inspector', no, 'look_back', { look_back: 'relapsed' });
    await does('inspector', no, 'reopen', { reason: '反弹' });
    assert.equal((await file_of(no)).course.reopens, 1);
  }, ['--clock', '2026-03-02T09:00:00+08:00x1800']);
});

test('督办 by two people in two browsers: asked, replied, concluded', async () => {
  const browser = await launch();
  try {
    await with_city(async ({ city, handled, file_of }) => {
      const no = await handled();
      await city.must('PUT', '/api/v1/users/boss', { person: '王局', roles: ['leader'], area: '50', password: kPassword, must_change: false });
      const boss = await sign_in(browser, city, 'boss', kPassword, { viewport: { width: 1440, height: 900 } });
      const desk = await sign_in(browser, city, 'desk', kPassword, { viewport: { width: 1440, height: 900 } });
      const press = async (page, action, fill = async () => {}) => {
        await page.locator(`[data-operation="${action}"]:not([aria-disabled])`).first().click({ timeout: 15_000 });
        const dialog = page.getByRole('dialog');
        await dialog.waitFor({ timeout: 5000 });
        await fill(dialog);
        await dialog.locator('button[type=submit]').click();
        await dialog.waitFor({ state: 'hidden', timeout: 15_000 });
      };
      await boss.goto(`${city.http}/desk/cases/${no}`);
      await desk.goto(`${city.http}/desk/cases/${no}`);
      await press(boss, 'supervise', async (dialog) => {
        await dialog.locator('select').selectOption('leader');
        await dialog.locator('textarea').fill('今日办结并回复');
        await dialog.getByRole('button', { name: '8 小时' }).click();
      });
      const course = desk.locator('[data-part="course"]');
      await course.getByText('今日办结并回复').waitFor({ timeout: 15_000 });
      await press(desk, 'reply', async (dialog) => await dialog.locator('textarea').fill('已安排'));
      await boss.locator('[data-part="course"]').getByText(/已回复/).waitFor({ timeout: 15_000 });
      assert.equal(await desk.locator('[data-operation="conclude"]').count(), 0, 'the urged unit has no such button');
      await boss.goto(`${city.http}/desk/cases?view=supervised`);
      await boss.getByText('化粪池异味').first().waitFor({ timeout: 15_000 });
      await boss.goto(`${city.http}/desk/cases/${no}`);
      if (process.env.CITYLOOP_PICTURES) {
        mkdirSync(process.env.CITYLOOP_PICTURES, { recursive: true });
        await boss.screenshot({ path: join(process.env.CITYLOOP_PICTURES, 'course.png') });
        await desk.screenshot({ path: join(process.env.CITYLOOP_PICTURES, 'course-unit.png') });
      }
      assert.deepEqual(await axe_findings(boss), []);
      await press(boss, 'conclude');
      await boss.locator('[data-part="course"]').getByText(/已办结/).waitFor({ timeout: 15_000 });
      assert.ok((await file_of(no)).course.supervisions[0].concluded_at);
      const phone = await sign_in(browser, city, 'boss', kPassword, { viewport: kPhone, locale: 'en-US' });
      await phone.goto(`${city.http}/desk/cases/${no}`);
      await phone.locator('[data-part="course"]').getByText(/concluded|已办结/).waitFor({ timeout: 15_000 });
      if (process.env.CITYLOOP_PICTURES) await phone.screenshot({ path: join(process.env.CITYLOOP_PICTURES, 'course-phone.png'), fullPage: true });
      for (const page of [boss, desk, phone]) assert.deepEqual(page.complaints, [], page.url());
    });
  } finally {
    await browser.close();
  }
});
