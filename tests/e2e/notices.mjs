// SPDX-License-Identifier: Apache-2.0
// Notices through every channel: each sent at least once under one id, a case's steps in order, whatever the receiver does (refuses, is away,
// hangs, cuts the line) and while the program is killed; no secret shown; quiet hours; receipts, live in the browser; who is told of what nobody
// takes up.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { launch, sign_in } from './browser.mjs';
import { City, iso, sleep, until } from './city.mjs';
import { Mail, Web, body_of, header, words } from './outside.mjs';

async function with_city(receivers, run, { secrets = {}, more = {}, args = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'cityloop-notices-'));
  const config = join(folder, 'config.jsonc');
  writeFileSync(config, JSON.stringify({ receivers, ...more }));
  const city = new City(['--config', config, ...args]);
  try {
    await city.start();
    mkdirSync(join(city.data, 'secrets'));  // read when a notice goes out: no restart is needed
    for (const [name, secret] of Object.entries(secrets)) writeFileSync(join(city.data, 'secrets', name), secret + '\n');
    await city.lay_out();
    await run(city, folder);
  } finally {
    if (city.child.exitCode === null && city.child.signalCode === null) await city.stop();
    rmSync(city.data, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

const place = { type: 'Point', coordinates: [106.45, 29.54] };
const opened = (city, title, urgency = 'urgent') => city.must('POST', '/api/v1/cases', { title, class: { type: 'event', code: '0101' }, location: place, urgency });
async function step(city, no, body) {
  const { etag } = await city.call('GET', `/api/v1/cases/${no}`);
  return city.must('POST', `/api/v1/cases/${no}/actions`, body, undefined, { 'if-match': etag });
}
// Orders are accepted by a handler of the unit, signed in.
async function as_crew(city, no, body) {
  const password = 'Correct-Horse-1';
  await city.must('PUT', '/api/v1/users/crew', { person: 'crew', roles: ['handler'], area: '500106', unit: '500106-sanitation', password, must_change: false });
  const session = await city.call('POST', '/api/v1/session', { name: 'crew', password }, '');
  const mine = { cookie: session.headers.get('set-cookie').split(';')[0], 'x-csrf-token': session.body.csrf };
  const { etag } = await city.call('GET', `/api/v1/cases/${no}`);
  return city.must('POST', `/api/v1/cases/${no}/actions`, body, '', { ...mine, 'if-match': etag });
}
const dispatch = (city, no) => step(city, no, { action: 'dispatch', unit: '500106-sanitation' });
const close = (city, no) => step(city, no, { action: 'cancel', reason: 'mistake' });
const notices = async (city, query = '') => (await city.must('GET', `/api/v1/notices?limit=1000${query}`)).items;
const all_sent = (city, count, query = '') => until(`${count} notices are sent`, async () => {
  const list = await notices(city, query);
  if (list.length === count && list.every((one) => one.state === 'sent')) return list;
  throw new Error(list.map((one) => `${one.target} ${one.state} ${one.last_error}`).join('; '));
}, 40000);

test('every channel in its own words, and no secret anywhere', async () => {
  const hook = await new Web().start(), wecom = await new Web(() => ({ body: '{"errcode":0,"errmsg":"ok"}' })).start();
  const ding = await new Web(() => ({ body: '{"errcode":0,"errmsg":"ok"}' })).start(), gate = await new Web(() => ({ body: '{"code":"OK"}' })).start();
  const keys = mkdtempSync(join(tmpdir(), 'cityloop-mail-')), [key, cert] = ['m.key', 'm.pem'].map((name) => join(keys, name));
  spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
  const mail = await new Mail({ tls: { key: readFileSync(key), cert: readFileSync(cert) }, user: 'loop', password: 'Mail-Secret-77' }).start();
  const secrets = { 'hook.key': 'Hook-Secret-11', 'wecom.key': 'Wecom-Secret-22', 'ding.token': 'Ding-Token-33', 'ding.key': 'SECDing-Secret-44', 'gate.key': 'Gate-Secret-55', 'mail.key': 'Mail-Secret-77' };
  try {
    await with_city([
      { name: 'hook', url: `${hook.url}/hook`, secret: { file: 'hook.key' } },
      { name: 'wecom', channel: 'wecom', target: `${wecom.url}/send`, secret: { file: 'wecom.key' } },
      { name: 'ding', channel: 'dingtalk', target: `${ding.url}/send`, token: { file: 'ding.token' }, secret: { file: 'ding.key' }, language: 'en' },
      { name: 'gate', channel: 'sms', target: '13800138000', sms: { url: `${gate.url}/sms?id={id}`, headers: { Authorization: 'Bearer {secret}' }, body: '{"to":"{phone}","text":"{text}"}', ok: { field: 'code', value: 'OK' } }, secret: { file: 'gate.key' } },
      { name: 'mail', channel: 'smtp', target: 'duty@city.example', mail: { server: `smtp://127.0.0.1:${mail.port}`, user: 'loop', from: 'loop@city.example', name: '城循' }, secret: { file: 'mail.key' }, ca_file: cert },
    ], async (city) => {
      const title = '井盖破损 "危险"\r\nBcc: x@y.example [x](http://evil.example)';
      const { no } = await opened(city, title);
      await all_sent(city, 5);
      const event = hook.heard[0];
      assert.equal(event.body.specversion, '1.0');
      assert.equal(event.body.data.no, no);
      assert.equal(event.headers['x-city-signature'], `sha256=${createHmac('sha256', 'Hook-Secret-11').update(event.text).digest('hex')}`);
      assert.equal(decodeURIComponent(event.headers['x-city-notice']), event.body.id);
      assert.equal(wecom.heard[0].path, '/send?key=Wecom-Secret-22');
      assert.match(wecom.heard[0].body.markdown.content, /^### 【橙色Ⅱ级】新案件/);
      assert.doesNotMatch(wecom.heard[0].body.markdown.content, /\]\(/, 'what a reporter wrote is no link');
      const signed = new URL(ding.heard[0].path, ding.url).searchParams, ms = signed.get('timestamp');
      assert.equal(signed.get('access_token'), 'Ding-Token-33');
      assert.equal(signed.get('sign'), createHmac('sha256', 'SECDing-Secret-44').update(`${ms}\nSECDing-Secret-44`).digest('base64'));
      assert.match(ding.heard[0].body.markdown.title, /^\[Orange\] New case: 井盖破损/);
      assert.equal(gate.heard[0].headers.authorization, 'Bearer Gate-Secret-55');
      assert.equal(gate.heard[0].body.to, '13800138000');
      assert.match(gate.heard[0].body.text, /井盖破损 "危险"/);
      const [letter] = mail.mails;
      assert.ok(letter.secure && letter.user === 'loop', 'over TLS, signed in');
      assert.match(letter.to, /<duty@city\.example>/);
      assert.match(words(header(letter, 'Subject')), /^【橙色Ⅱ级】新案件.井盖破损 "危险"/);
      assert.equal(header(letter, 'Bcc'), undefined);
      assert.match(header(letter, 'Message-ID'), new RegExp(`^<${no}\\.\\d+@city\\.example>$`));
      assert.match(body_of(letter), new RegExp(`编号.${no}`));
      const shown = JSON.stringify([await city.must('GET', '/api/v1/receivers'), await notices(city), await city.must('GET', '/api/v1/audit')]);
      await city.kill('SIGTERM');
      const texts = [shown, city.said];
      for (const entry of readdirSync(city.data, { recursive: true, withFileTypes: true }))
        if (entry.isFile() && !entry.parentPath.endsWith('secrets')) texts.push(readFileSync(join(entry.parentPath, entry.name), 'latin1'));
      for (const secret of Object.values(secrets)) assert.ok(!texts.some((text) => text.includes(secret)), secret);
    }, { secrets });
  } finally {
    await Promise.all([hook, wecom, ding, gate, mail].map((one) => one.stop()));
    rmSync(keys, { recursive: true, force: true });
  }
});

test('refused, cut off, hung up, away, and the program killed: at least once, one id, a case in order', async () => {
  let mode = () => ({ status: 500 });
  const hook = await new Web((one, web) => mode(one, web)).start();
  const port = hook.port;
  try {
    await with_city([{ name: 'hook', url: `${hook.url}/hook` }], async (city) => {
      const cases = [];
      for (let i = 0; i < 6; i += 1) cases.push((await opened(city, `案件 ${i}`)).no);
      await until('it was refused', () => hook.heard.length >= 6);
      for (const no of cases) await dispatch(city, no);
      mode = () => 'cut';
      await until('it was cut off', () => hook.heard.length >= 10);
      mode = () => 'hang';
      const before = hook.heard.length;
      await until('it took a call and never answered', () => hook.heard.length > before);
      await city.kill();                     // in the middle of calls
      await hook.stop();                     // and nobody there when it comes back
      await city.start();
      for (const no of cases) await close(city, no);
      await until('a try found nobody', async () => (await notices(city)).some((one) => /cannot connect/.test(one.last_error ?? '')));
      await city.kill();
      mode = (one, web) => ({ status: web.heard.length % 3 === 0 ? 503 : 200 });
      await hook.start(port);
      await city.start();
      const sent = await until('all are sent', async () => {
        const list = await notices(city);
        return list.every((one) => one.state === 'sent') && list;
      }, 90000);
      for (const no of cases) {
        const ids = sent.filter((one) => one.subject === no).map((one) => one.id).sort();
        assert.equal(new Set(ids).size, ids.length);
        assert.ok(ids.length >= 2, 'opened and dispatched at least');
        const first = [];
        for (const one of hook.taken) if (one.body.subject === no && !first.includes(one.body.id)) first.push(one.body.id);
        assert.deepEqual(first, ids, 'each one arrived, for the first time in its order');
        for (const id of ids) assert.equal(new Set(hook.heard.filter((one) => one.body.id === id).map((one) => one.text)).size, 1, 'the same notice says the same');
      }
    });
  } finally {
    await hook.stop();
  }
});

test('a robot that says no with HTTP 200 is tried again; one that asks for rest is left alone; the dead end is shown and sent again', async () => {
  let busy = true;
  const robot = await new Web(() => (busy ? { refused: true, body: '{"errcode":40058,"errmsg":"not now"}' } : { body: '{"errcode":0}' })).start();
  const tired = await new Web(() => ({ status: 429, headers: { 'retry-after': '3600' } })).start();
  let gone = true;
  const away = await new Web(() => (gone ? { status: 410 } : {})).start();
  const box = await new Mail({ mode: () => (busy ? '451 try later' : '250 taken') }).start();
  try {
    await with_city([
      { name: 'robot', channel: 'wecom', target: `${robot.url}/send`, secret: { file: 'k' } },
      { name: 'tired', url: tired.url },
      { name: 'away', url: away.url },
      { name: 'box', channel: 'smtp', target: 'a@b.example', mail: { server: `smtp://127.0.0.1:${box.port}`, from: 'c@d.example', tls: 'if_offered' } },
    ], async (city) => {
      const { no } = await opened(city, '案件');
      await until('the robot has refused twice', () => robot.heard.length >= 2);
      const [refused] = await notices(city, '&target=robot');
      assert.equal(refused.state, 'waiting');
      assert.equal(refused.last_error, 'errcode 40058 not now');
      assert.match((await until('the mail server refused', async () => (await notices(city, '&target=box'))[0].last_error)), /451/);
      busy = false;
      await all_sent(city, 1, '&target=robot');
      await all_sent(city, 1, '&target=box');
      assert.equal(box.mails.length, 1);
      await opened(city, '另一案件');
      await all_sent(city, 2, '&target=robot');
      assert.equal(tired.heard.length, 1, 'an hour of rest is kept');
      const [waiting] = (await notices(city, `&target=tired&subject=${no}`));
      assert.ok(Date.parse(waiting.next_attempt) - Date.now() > 3000_000, waiting.next_attempt);
      const [failed] = await until('it has failed', async () => (await notices(city, `&target=away&subject=${no}&state=failed`)).length && notices(city, `&target=away&subject=${no}`));
      assert.equal(failed.attempts, 1);
      assert.equal(failed.last_error, 'HTTP 410');
      gone = false;
      assert.equal((await city.must('POST', `/api/v1/notices/${failed.id}:retry`)).state, 'waiting');
      await until('it is sent now', async () => (await notices(city, `&target=away&subject=${no}`))[0].state === 'sent');
    }, { secrets: { k: 'robot-key' } });
  } finally {
    await Promise.all([robot, tired, away, box].map((one) => one.stop()));
  }
});

test('quiet hours hold what can wait, across a restart; red goes at once', async () => {
  const hook = await new Web().start();
  const clock = (minutes) => new Date(Date.now() + 8 * 3600_000 + minutes * 60_000).toISOString().slice(11, 16);  // of a city at +08:00
  try {
    await with_city([{ name: 'hook', url: hook.url, quiet: [{ below: 'red', from: clock(-30), to: clock(90) }] }], async (city) => {
      const { no: calm } = await opened(city, '可以等', 'normal');
      const [held] = await notices(city);
      assert.equal(held.state, 'waiting');
      assert.ok(held.held_until && held.held_until === held.next_attempt, JSON.stringify(held));
      await city.kill();
      await city.start();
      const { no: grave } = await opened(city, '不能等', 'very_urgent');
      await until('red is sent', () => hook.taken.some((one) => one.body.subject === grave));
      assert.ok(!hook.heard.some((one) => one.body.subject === calm));
      await city.must('PUT', '/api/v1/receivers/hook', { url: hook.url });
      await until('without quiet hours it goes', () => hook.taken.some((one) => one.body.subject === calm));
    });
  } finally {
    await hook.stop();
  }
});

test('receipts by token and by the signed link in the message', async () => {
  const gate = await new Web().start(), hook = await new Web().start();
  try {
    await with_city([
      { name: 'hook', url: hook.url },
      { name: 'gate', channel: 'sms', target: '13800138000', sms: { url: gate.url, body: '{"to":"{phone}","text":"{text}"}' } },
    ], async (city) => {
      const { no } = await opened(city, '井盖 <b>破损</b>');
      await all_sent(city, 2);
      const id = hook.heard[0].body.id;
      const gateway = city.token('gateway', 'integrator', '500106'), foreign = city.token('away', 'integrator', '500112'), duty = city.token('duty', 'dispatcher');
      const say = (body, token) => city.call('POST', `/api/v1/notices/${id}/receipt`, body, token);
      assert.equal((await say({ state: 'read' }, foreign)).body.code, 'auth.foreign_area');
      assert.equal((await say({ state: 'read' }, duty)).status, 403);
      assert.equal((await say({ state: 'eaten' }, gateway)).body.code, 'field.invalid');
      assert.equal((await city.call('POST', '/api/v1/notices/none:1/receipt', { state: 'read' }, gateway)).status, 404);
      const delivered = await say({ state: 'delivered' }, gateway);
      assert.equal(delivered.body.state, 'delivered');
      assert.ok(delivered.body.delivered_at);
      assert.match(delivered.body.receipt_by, /^token:/);

      const link = /http:\/\/city\.example(\/n\/\S+)$/.exec(gate.heard[0].body.text)?.[1];
      assert.ok(link, gate.heard[0].body.text);
      const opens = (path, method = 'GET') => fetch(city.http + path, { method });
      const page = await opens(link);
      assert.equal(page.status, 200);
      assert.match(page.headers.get('content-type'), /text\/html/);
      const html = await page.text();
      assert.match(html, /井盖 &lt;b&gt;破损/);
      assert.match(html, /确认已读/);
      const sms = async () => (await notices(city, '&target=gate'))[0];
      assert.equal((await sms()).state, 'sent', 'opening alone says nothing: scanners open every link');
      assert.equal((await opens(link.replace(/.$/, (c) => (c === '0' ? '1' : '0')), 'POST')).status, 404, 'another key');
      assert.equal((await opens(link.replace(/\?.*/, ''), 'POST')).status, 404);
      assert.equal((await opens(link, 'POST')).status, 200);
      assert.equal((await sms()).state, 'read');
      assert.equal((await sms()).receipt_by, 'link');
      assert.match(await (await opens(link)).text(), /已确认阅读/);
      await city.kill();
      await city.start();
      assert.equal((await sms()).state, 'read');
      assert.equal((await say({ state: 'failed', detail: 'no such user' }, gateway)).body.state, 'failed', 'a gateway may take it back');
      assert.equal((await notices(city, '&target=hook'))[0].last_error, 'no such user');
      assert.equal((await city.must('POST', `/api/v1/notices/${id}:retry`)).state, 'waiting');
      await until('it went again under its id', () => hook.taken.filter((one) => one.body.id === id).length === 2);
      assert.equal((await city.call('GET', `/api/v1/notices?subject=${no}&state=read&count=true`)).body.total, 1);
    }, { more: { public_url: 'http://city.example/' } });
  } finally {
    await Promise.all([gate, hook].map((one) => one.stop()));
  }
});

test('in the browser: previewed before it is sent, then waiting, sent, delivered, read without a reload', async () => {
  let status = 503;
  const hook = await new Web(() => ({ status })).start();
  const browser = await launch();
  try {
    await with_city([{ name: 'duty-room', url: hook.url, types: ['city.alarm.'] }], async (city) => {
      const password = 'Correct-Horse-1';
      city.run(['user', 'add', 'duty', '--role', 'shift_leader', '--area', '50'], password + '\n');
      await city.must('POST', '/api/v1/readings', { asset: 'septic-500106-0001', at: iso(Date.now()), values: { ch4: 150 } });
      const alarm = await until('the alarm', async () => (await city.must('GET', '/api/v1/alarms?state=firing')).items[0]);
      const page = await sign_in(browser, city, 'duty', password);
      await page.goto(`${city.http}/screen/overview?a=${alarm.id}`);
      await page.getByRole('button', { name: '通知' }).first().click();
      const dialog = page.getByRole('dialog', { name: '通知' });
      const pick = dialog.getByRole('combobox');
      await pick.click();
      await page.getByRole('option', { name: /duty-room/ }).click();
      const preview = dialog.locator('[data-part=preview]');
      await preview.waitFor();
      assert.match(await preview.innerText(), /duty-room · Webhook/);
      assert.match(await preview.innerText(), /报警通知/);
      await dialog.getByRole('button', { name: '通知' }).click();
      const line = (type) => page.locator('[data-part=notices] li', { hasText: type });
      await line('报警通知').waitFor();
      const told = await until('the notice', async () => (await notices(city)).find((one) => one.type === 'city.alarm.notify'));
      const state = (wanted) => page.locator(`[data-notice="${told.id}"][data-state=${wanted}]`).waitFor({ timeout: 20000 });
      await state('waiting');
      status = 200;
      await state('sent');
      await city.must('POST', `/api/v1/notices/${told.id}/receipt`, { state: 'delivered' });
      await state('delivered');
      await city.must('POST', `/api/v1/notices/${told.id}/receipt`, { state: 'read' });
      await state('read');
      assert.match(await line('报警通知').innerText(), /已读/);
      assert.deepEqual(page.complaints, []);
    });
  } finally {
    await browser.close();
    await hook.stop();
  }
});

test('what nobody takes up goes to the next receiver once, also across a kill', async () => {
  const duty = await new Web().start(), chief = await new Web().start();
  try {
    await with_city([
      { name: 'duty', url: duty.url },
      { name: 'chief', url: chief.url, escalation: { step: 2, after: '10m' } },
    ], async (city) => {
      const { no: left } = await opened(city, '没人接'), { no: taken } = await opened(city, '有人接');
      await dispatch(city, left);
      await dispatch(city, taken);
      await as_crew(city, taken, { action: 'accept' });
      await sleep(1500);
      await city.kill();
      await city.start();
      const first = await until('the chief hears of it', () => chief.taken[0], 30000);
      assert.equal(first.body.type, 'city.case.unaccepted');
      assert.equal(first.body.subject, left);
      assert.ok(first.body.data.waited_minutes >= 10, first.text);
      await city.kill();
      await city.start();
      await sleep(6000);  // twelve minutes of the city
      assert.deepEqual(chief.taken.map((one) => one.body.subject), [left], 'once, and only what nobody accepted');
      assert.ok((await city.must('GET', `/api/v1/cases/${left}`)).timeline.some((one) => one.action === 'notice.escalated'));
    }, { args: ['--clock', '2026-03-02T09:00:00+08:00x120'] });
  } finally {
    await Promise.all([duty, chief].map((one) => one.stop()));
  }
});

test('what a receiver may be is checked at the door', async () => {
  await with_city([], async (city) => {
    const put = (body) => city.call('PUT', '/api/v1/receivers/x', body);
    assert.equal((await put({ url: 'ftp://x.example' })).body.code, 'field.invalid');
    assert.equal((await put({ channel: 'pigeon', target: 'x' })).body.code, 'field.invalid');
    assert.equal((await put({ url: 'https://x.example', secret: { file: '/etc/shadow' } })).body.code, 'field.invalid');
    assert.equal((await put({ url: 'https://x.example', secret: { env: 'PATH' } })).body.code, 'field.invalid');
    assert.equal((await put({ channel: 'smtp', target: 'a@b.example\r\nBcc: c@d.example', mail: { server: 'smtp://m.example', from: 'e@f.example' } })).body.code, 'field.invalid');
    assert.equal((await put({ channel: 'wecom', secret: { env: 'CITYLOOP_NOT_SET' } })).status, 200);
    const { no } = await opened(city, '案件');
    const why = await until('the missing secret is named', async () => (await notices(city, `&subject=${no}`))[0].last_error);
    assert.match(why, /CITYLOOP_NOT_SET/);
  });
});
