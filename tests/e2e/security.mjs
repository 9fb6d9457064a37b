// SPDX-License-Identifier: Apache-2.0
// Security through the door: cookies, CSRF, lock-out, time-outs on a fast clock, headers, TLS, what the data folder and the logs hold
// of secrets, who may read the folder, and the exit codes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as https } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { connect as tls } from 'node:tls';
import { City, iso, program, sleep, until } from './city.mjs';
import { Mqtt } from './mqtt.mjs';
import { raw } from './raw.mjs';

const password = 'Correct-Horse-1';

async function with_city(args, run) {
  const city = await new City(args).start();
  try {
    await city.lay_out();
    await run(city);
  } finally {
    if (city.child.exitCode === null && city.child.signalCode === null) await city.stop();
    rmSync(city.data, { recursive: true, force: true });
  }
}

async function sign_in(city, name, secret = password, more = {}) {
  const answer = await city.call('POST', '/api/v1/session', { name, password: secret, ...more }, '');
  const set = answer.headers.get('set-cookie') ?? '';
  return { ...answer, set, cookie: set.split(';')[0], csrf: answer.body.csrf };
}
const as = (session, csrf = session.csrf) => ({ cookie: session.cookie, ...(csrf ? { 'x-csrf-token': csrf } : {}) });

test('sessions: cookie flags, CSRF on every write, sign-out, one\'s own password ends the other sessions', async () => {
  await with_city([], async (city) => {
    city.run(['user', 'add', 'duty', '--role', 'shift_leader', '--area', '50'], password + '\n');
    const one = await sign_in(city, 'duty'), two = await sign_in(city, 'duty');
    assert.equal(one.status, 201);
    assert.match(one.set, /^cl_session=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=28800$/);
    assert.notEqual(one.cookie, two.cookie);
    assert.equal(one.headers.get('cache-control'), 'no-store');
    assert.ok(!JSON.stringify(one.body).includes(one.cookie.slice(11)), 'the cookie is not readable by the page');
    for (const [method, path, body] of [['POST', '/api/v1/cases', {}], ['POST', '/api/v1/session/password', {}], ['DELETE', '/api/v1/session'], ['POST', '/api/v1/alarms:test', {}], ['POST', '/api/v1/live/ticket', {}]])
      for (const csrf of ['', 'a'.repeat(64), two.csrf]) {
        const answer = await city.call(method, path, body, '', as(one, csrf));
        assert.deepEqual([answer.status, answer.body.code], [403, 'auth.csrf'], `${method} ${path}`);
      }
    assert.equal((await city.call('GET', '/api/v1/session', undefined, '', as(one, ''))).status, 200, 'reading needs none');
    assert.equal((await city.call('POST', '/api/v1/session/password', { old: 'wrong', new: 'Fresh-Start-12' }, '', as(one))).status, 401);
    for (const weak of ['short-1A', 'alllowercaseletters', 'duty-Password-1']) assert.equal((await city.call('POST', '/api/v1/session/password', { old: password, new: weak }, '', as(one))).body.code, 'auth.weak_password');
    assert.equal((await city.call('POST', '/api/v1/session/password', { old: password, new: 'Fresh-Start-12' }, '', as(one))).status, 204);
    assert.equal((await city.call('GET', '/api/v1/session', undefined, '', as(one))).status, 200);
    assert.equal((await city.call('GET', '/api/v1/session', undefined, '', as(two))).status, 401, 'the other one is over');
    const out = await city.call('DELETE', '/api/v1/session', undefined, '', as(one));
    assert.equal(out.status, 204);
    assert.match(out.headers.get('set-cookie'), /^cl_session=; .*Max-Age=0$/);
    assert.equal((await city.call('GET', '/api/v1/session', undefined, '', as(one))).status, 401);
    // A ticket for the live socket is good once.
    const again = await sign_in(city, 'duty', 'Fresh-Start-12');
    // Disabled: every session and token of theirs ends at once.
    assert.equal((await city.call('POST', '/api/v1/users/duty:disable', {})).status, 200);
    assert.equal((await city.call('GET', '/api/v1/session', undefined, '', as(again))).status, 401);
    assert.equal((await sign_in(city, 'duty', 'Fresh-Start-12')).status, 401);
  });
});

test('a wall has its own session, which only reads', async () => {
  await with_city([], async (city) => {
    city.run(['user', 'add', 'lobby', '--role', 'wall', '--area', '500106'], password + '\n');
    city.run(['user', 'add', 'boss', '--role', 'admin', '--area', '50'], password + '\n');
    // Also one who may more when they sign in as themselves.
    assert.equal((await city.call('PUT', '/api/v1/users/lobby', { roles: ['wall', 'shift_leader', 'acceptor'], area: '500106' })).status, 200);
    const wall = await sign_in(city, 'lobby', password, { wall: true });
    assert.equal(wall.status, 201);
    assert.match(wall.set, /Max-Age=31536000/);
    assert.equal((await city.call('GET', '/api/v1/alarms', undefined, '', as(wall))).status, 200);
    for (const [method, path, body] of [['POST', '/api/v1/cases', {}], ['PUT', '/api/v1/assets/x', {}], ['POST', '/api/v1/readings', {}], ['GET', '/api/v1/reports'], ['GET', '/api/v1/users'], ['GET', '/api/v1/audit']])
      assert.equal((await city.call(method, path, body, '', as(wall))).body.code, 'auth.forbidden', `${method} ${path}`);
    assert.equal((await sign_in(city, 'boss', password, { wall: true })).body.code, 'auth.forbidden', 'not everybody may open one');
  });
});

test('time: lock-out, idle and absolute time-out', async () => {
  const speed = 1800;  // half an hour a second
  await with_city(['--clock', `2026-03-01T08:00:00+08:00x${speed}`], async (city) => {
    for (const name of ['idle', 'busy']) city.run(['user', 'add', name, '--role', 'leader', '--area', '50'], password + '\n');
    const idle = await sign_in(city, 'idle'), busy = await sign_in(city, 'busy');
    assert.deepEqual([idle.status, busy.status], [201, 201]);
    const started = Date.now();
    let over = 0;
    while (over === 0 && Date.now() - started < 40000) {
      const answer = await city.call('GET', '/api/v1/session', undefined, '', as(busy));
      if (answer.status === 401) over = (Date.now() - started) * speed / 3600000;
      await sleep(50);
    }
    assert.ok(over > 7.5 && over < 12, `a session that is used ends after eight hours, this one after ${over}`);
    assert.equal((await city.call('GET', '/api/v1/session', undefined, '', as(idle))).status, 401, 'one that is not used, long before');
  });
  await with_city(['--clock', '2026-03-01T08:00:00+08:00x300'], async (city) => {
    for (const name of ['idle', 'busy', 'victim', 'other']) city.run(['user', 'add', name, '--role', 'leader', '--area', '50'], password + '\n');
    const idle = await sign_in(city, 'idle'), since = Date.now(), busy = await sign_in(city, 'busy');
    for (let i = 0; i < 5; i += 1) assert.equal((await sign_in(city, 'victim', 'Wrong-Horse-1')).body.code, 'auth.wrong');
    const locked = await sign_in(city, 'victim');
    assert.deepEqual([locked.status, locked.body.code], [429, 'auth.locked'], 'also with the right password');
    assert.ok(Number(locked.headers.get('retry-after')) > 0);
    assert.equal((await sign_in(city, 'other')).status, 201, 'others sign in');
    await until('the lock opens', async () => (await sign_in(city, 'victim')).status === 201);
    // Asking would count as use: whoever is idle is asked once, when half an hour is over.
    while (Date.now() - since < 6500) {
      assert.equal((await city.call('GET', '/api/v1/session', undefined, '', as(busy))).status, 200);
      await sleep(100);
    }
    assert.equal((await city.call('GET', '/api/v1/session', undefined, '', as(idle))).status, 401, 'half an hour without use');
  });
});

test('headers: content policy without inline scripts, no sniffing, no framing', async () => {
  await with_city([], async (city) => {
    for (const path of ['/', '/api/v1/cases', '/no-such-page', '/healthz']) {
      const { headers } = await city.call('GET', path);
      const policy = headers.get('content-security-policy');
      assert.match(policy, /default-src 'self'/, path);
      assert.match(policy, /object-src 'none'.*base-uri 'self'.*form-action 'self'.*frame-ancestors 'none'/, path);
      assert.ok(!/script-src[^;]*unsafe|default-src[^;]*unsafe|unsafe-eval/.test(policy), path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('x-frame-options'), 'DENY');
      assert.equal(headers.get('strict-transport-security'), null, 'plain HTTP promises no TLS');
      assert.equal(headers.get('access-control-allow-origin'), null);
      assert.ok(!headers.get('server') || !/\d/.test(headers.get('server')), 'no version for strangers');
    }
    const page = await (await fetch(city.http)).text();
    assert.ok(!/<script(?![^>]*\bsrc=)[^>]*>[^<]/.test(page), 'no inline script');
    const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
    const kept = await city.call('POST', '/api/v1/attachments', new Uint8Array(picture), city.admin, { 'content-type': 'image/png' });
    const shown = await city.call('GET', `/api/v1/attachments/${kept.body.id}`);
    assert.match(shown.headers.get('content-security-policy'), /default-src 'none'; sandbox/);
    for (const evil of ['<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', '<html><script>1</script></html>', 'GIF89a'])
      assert.equal((await city.call('POST', '/api/v1/attachments', new TextEncoder().encode(evil), city.admin, { 'content-type': 'image/png' })).body.code, 'attachment.bad_type');
  });
});

test('TLS: cookies are Secure, HSTS is sent, devices speak MQTT through it, plain text is not answered', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cityloop-tls-'));
  const [key, certificate] = ['city.key', 'city.pem'].map((name) => join(folder, name));
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate]);
  assert.equal(made.status, 0, String(made.stderr));
  writeFileSync(join(folder, 'config.jsonc'), JSON.stringify({ tls: { certificate, key } }));
  const city = await new City(['--config', join(folder, 'config.jsonc')]).start();
  const { host } = new URL(city.http);
  const ca = readFileSync(certificate);
  const call = (method, path, body) => new Promise((done, fail) => {
    const sent = https({ ca, host: '127.0.0.1', port: host.split(':')[1], method, path, headers: { 'content-type': 'application/json' } }, (answer) => {
      let text = '';
      answer.on('data', (piece) => (text += piece));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }));
    });
    sent.on('error', fail);
    sent.end(body && JSON.stringify(body));
  });
  try {
    city.run(['user', 'add', 'duty', '--role', 'leader', '--area', '50'], password + '\n');
    const answer = await call('POST', '/api/v1/session', { name: 'duty', password });
    assert.equal(answer.status, 201, answer.text);
    assert.match(answer.headers['set-cookie'][0], /HttpOnly; SameSite=Strict; .*; Secure$/);
    assert.match(answer.headers['strict-transport-security'], /max-age=31536000/);
    assert.equal(await raw(city, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'), '', 'plain HTTP gets nothing');
    const old = spawnSync('openssl', ['s_client', '-connect', host, '-tls1_1'], { input: '', encoding: 'utf8' });
    assert.ok(old.status !== 0 || /Cipher is \(NONE\)|no protocols/.test(old.stdout + old.stderr), 'TLS 1.1 is refused');
    const [, id, secret] = /id=(\S+) secret=(\S+)/.exec(city.run(['credential', 'gateway', '--assets', 'septic-*']));
    const device = new Mqtt(city.mqtt_host, city.mqtt_port, { over: tls({ host: city.mqtt_host, port: Number(city.mqtt_port), ca, checkServerIdentity: () => undefined }) });
    assert.equal((await device.connect({ user: id, password: secret })).reason, 0);
    await device.end();
    const plain = new Mqtt(city.mqtt_host, city.mqtt_port);
    await assert.rejects(plain.connect({ user: id, password: secret }));
  } finally {
    await city.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

const files_under = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
  const path = join(folder, entry.name);
  return entry.isDirectory() ? files_under(path) : entry.isFile() ? [path] : [];
});

test('the data folder and the logs hold no secret and no personal field in clear, and are nobody else\'s to read', async () => {
  await with_city([], async (city) => {
    const secrets = { 'a password': password, 'the admin token': city.admin, 'its secret half': city.admin.split('_')[2] };
    city.run(['user', 'add', 'duty', '--role', 'shift_leader', '--area', '50'], password + '\n');
    const session = await sign_in(city, 'duty');
    Object.assign(secrets, { 'the session': session.cookie.slice(11), 'its CSRF token': session.csrf });
    assert.equal((await city.call('POST', '/api/v1/session/password', { old: password, new: 'Fresh-Start-12' }, '', as(session))).status, 204);
    secrets['a new password'] = 'Fresh-Start-12';
    assert.equal((await city.call('PUT', '/api/v1/users/li', { roles: ['leader'], area: '500106', password: 'Made-By-Admin-9' })).status, 201);
    secrets['a password of an admin'] = 'Made-By-Admin-9';
    secrets['a ticket'] = (await city.must('POST', '/api/v1/live/ticket', {})).ticket;
    secrets['a token'] = (await city.must('POST', '/api/v1/tokens', { name: 'x', role: 'leader' })).secret;
    const device = await city.must('POST', '/api/v1/credentials', { name: 'x', assets: ['septic-*'] });
    secrets['a device secret'] = device.secret;
    secrets['a rotated one'] = (await city.must('POST', `/api/v1/credentials/${device.id}:rotate`, {})).secret;
    await city.call('POST', '/api/v1/readings', { asset: 'septic-500106-0001', values: { ch4: 1 } }, '', { authorization: `Basic ${Buffer.from(`${device.id}:${device.secret}`).toString('base64')}` });
    const link = new Mqtt(city.mqtt_host, city.mqtt_port);
    assert.equal((await link.connect({ user: device.id, password: device.secret })).reason, 0);
    await link.end();
    await sign_in(city, 'duty', 'Guessed-Wrong-77');
    secrets['a wrong password'] = 'Guessed-Wrong-77';
    const report = await city.must('POST', '/api/v1/reports', { title: 'x', class: { scheme: 'GB2013', type: 'event', code: '0101' }, location: { type: 'Point', coordinates: [106.45, 29.54] }, reporter: { name: '欧阳不存在', phone: '13812345678' } });
    Object.assign(secrets, { 'who reported': '欧阳不存在', 'their telephone': '13812345678' });
    assert.equal((await city.must('POST', `/api/v1/reports/${report.id}/reveal`, { reason: 'call back' })).phone, '13812345678');
    await city.kill();  // the log is uncut
    const files = files_under(city.data);
    assert.ok(files.some((file) => file.includes('/log/')) && files.some((file) => file.endsWith('journal.db')) && files.some((file) => file.includes('/logs/')), files.join(' '));
    for (const file of files) {
      const bytes = readFileSync(file);
      for (const [what, secret] of Object.entries(secrets)) assert.ok(!bytes.includes(secret), `${what} stands in ${file}`);
      assert.equal(statSync(file).mode & 0o077, 0, `${file} is open to others`);
    }
    for (const [what, secret] of Object.entries(secrets)) assert.ok(!city.said.includes(secret), `${what} was said on standard error`);
    assert.equal(statSync(city.data).mode & 0o077, 0);
    assert.ok(readFileSync(files.find((file) => file.endsWith('journal.db'))).includes('argon2id') || readFileSync(files.find((file) => file.endsWith('journal.db-wal'))).includes('argon2id') || files.some((file) => file.includes('/log/') && readFileSync(file).includes('argon2id')), 'what is kept of a password is its Argon2id hash');
    // Deleted, the sealed row is gone too.
    await city.start();
    assert.equal((await city.call('DELETE', `/api/v1/reports/${report.id}/reporter`)).status, 204);
    assert.equal((await city.call('POST', `/api/v1/reports/${report.id}/reveal`, { reason: 'again' })).status, 404);
  });
});

test('who reported is forgotten a year after the case was settled; the rest stays, and the audit holds', async () => {
  await with_city(['--clock', '2024-03-01T08:00:00Z'], async (city) => {
    const report = async (coordinates, phone) => city.must('POST', '/api/v1/reports', { title: 'x', class: { scheme: 'GB2013', type: 'event', code: '0101' }, location: { type: 'Point', coordinates }, reporter: { name: '欧阳', phone } });
    const settled = await report([106.45, 29.54], '13812345678');
    const open = await report([106.50, 29.50], '13987654321');
    const file = await city.must('GET', `/api/v1/cases/${settled.case}`);
    await city.must('POST', `/api/v1/cases/${settled.case}/actions`, { action: 'reject', reason: 'not ours' }, city.admin, { 'if-match': `"${file.rev}"` });
    const at = async (clock) => {
      await city.kill('SIGTERM');
      city.args = ['--clock', clock];
      await city.start();
    };
    const reveal = async (one) => (await city.call('POST', `/api/v1/reports/${one.id}/reveal`, { reason: 'call back' })).status;
    await at('2025-02-27T08:00:00Z');
    await sleep(3000);
    assert.equal(await reveal(settled), 200, 'two days before');
    await at('2025-03-05T08:00:00Z');
    await until('forgotten by itself', async () => (await reveal(settled)) === 404);
    assert.equal(await reveal(open), 200, 'its case is open');
    const kept = await city.must('GET', `/api/v1/reports/${settled.id}`);
    assert.equal(kept.reporter, null);
    assert.equal(kept.title, 'x');
    const removals = (await city.must('GET', '/api/v1/audit?action=person.delete')).items;
    assert.equal(removals.length, 1);
    assert.equal(removals[0].actor, 'system');
    await city.kill('SIGTERM');
    assert.match(city.run(['audit', 'verify']), /the chain holds/);
    await city.start();
  });
});

test('exit codes: 0 done, 1 it did not work, 2 wrong use, 3 a store failed, 4 the folder or a port is taken', async () => {
  const run = (...args) => spawnSync(program, args, { encoding: 'utf8', timeout: 30000 });
  assert.equal(run('--help').status, 0);
  for (const command of ['serve', 'demo', 'check', 'import', 'user', 'token', 'credential', 'why', 'audit', 'backup', 'restore']) assert.equal(run(command, '--help').status, 0, command);
  assert.equal(run('nonsense').status, 2);
  assert.equal(run('serve').status, 2);
  assert.equal(run('serve', '--data', '/etc').status, 2, 'a folder that holds other things');
  await with_city([], async (city) => {
    const held = run('serve', '--data', city.data, '--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0');
    assert.equal(held.status, 4, held.stderr);
    const other = mkdtempSync(join(tmpdir(), 'cityloop-exit-'));
    const taken = run('serve', '--data', other, '--http', new URL(city.http).host, '--mqtt', '127.0.0.1:0');
    assert.equal(taken.status, 4, taken.stderr);
    rmSync(other, { recursive: true });
    const weak = spawnSync(program, ['user', 'add', 'x', '--role', 'leader', '--data', city.data], { input: 'short\n', encoding: 'utf8' });
    assert.equal(weak.status, 2, weak.stderr);
    const unknown = spawnSync(program, ['user', 'add', 'x', '--role', 'wizard', '--data', city.data], { input: password, encoding: 'utf8' });
    assert.ok([1, 2].includes(unknown.status), unknown.stderr);
    await city.kill('SIGTERM');
    assert.equal(city.child.exitCode, 0, 'asked to stop, it is done');
    writeFileSync(join(city.data, 'VERSION'), JSON.stringify({ program: '99', step: 99, schema: 99 }));
    const newer = run('serve', '--data', city.data, '--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0');
    assert.equal(newer.status, 3);
    assert.match(newer.stderr, /newer/);
  });
  await with_city([], async (city) => {
    await city.must('POST', '/api/v1/readings', { asset: 'septic-500106-0001', at: iso(Date.now()), values: { ch4: 1 } });
    await city.kill('SIGTERM');
    const segment = files_under(join(city.data, 'log')).filter((file) => file.endsWith('.seg')).pop();
    const bytes = readFileSync(segment);
    bytes.fill(0x5a, 4096, 4196);
    writeFileSync(segment, bytes);
    writeFileSync(join(city.data, 'VERSION'), '{');
    const damaged = run('serve', '--data', city.data, '--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0');
    assert.equal(damaged.status, 3, damaged.stderr);
    assert.match(damaged.stderr, /damaged|backup/);
  });
});
