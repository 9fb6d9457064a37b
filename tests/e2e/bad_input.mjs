// SPDX-License-Identifier: Apache-2.0
// Every kind of bad input through the real HTTP door: each gets its clear refusal, is counted in /metrics, and the server goes on.
// MQTT's is in bad_mqtt.mjs.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { after, afterEach, before } from 'node:test';
import { gzipSync } from 'node:zlib';
import { City, iso, sleep, until } from './city.mjs';
import { code_of, http_problem, metrics, quarantined, raw, rises, status_of } from './raw.mjs';

const tank = 'septic-500106-0001';
let city;
before(async () => {
  city = await new City().start();
  await city.lay_out();
});
after(async () => await city.stop());
afterEach(async () => {
  assert.equal((await city.call('GET', '/healthz')).status, 200, 'the server goes on');
  assert.equal((await metrics(city)).get('cityloop_http_problems_total{code="other"}'), 0, 'every refusal has its code');
});

// A call that is refused so, and counted as that.
async function refused(status, code, ...call) {
  await rises(city, { [http_problem(code)]: 1 }, async () => {
    const answer = await city.call(...call);
    const what = `${call[0]} ${call[1]} ${String(typeof call[2] === 'object' ? JSON.stringify(call[2]) : call[2]).slice(0, 80)}`;
    assert.deepEqual([answer.status, answer.body.code], [status, code], `${what}: ${JSON.stringify(answer.body).slice(0, 300)}`);
    assert.match(answer.headers.get('content-type'), /application\/problem\+json/, what);
    assert.ok(answer.body.title && answer.body.detail, `${what}: says why`);
  });
}
const readings = (status, code, body, headers, token) => refused(status, code, 'POST', '/api/v1/readings', body, token, headers);
const one = (values, at) => ({ asset: tank, ...(at === undefined ? {} : { at }), values });

test('JSON: broken, truncated, deep, huge, of the wrong type', async () => {
  for (const text of ['{', '{"asset":', '[{"asset":"x","values":{"ch4":1}}', '{"a":1,}', "{'a':1}", '{"asset":"x"}}']) await readings(400, 'json.malformed', text);
  for (const text of ['nonsense', '1', 'null', '"x"', '\u0000']) await readings(422, 'json.wrong_type', text);
  await readings(400, 'json.malformed', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]));
  for (const text of ['['.repeat(5000), '{"a":'.repeat(5000), `${'['.repeat(64)}1${']'.repeat(64)}`]) await readings(400, 'json.too_deep', text);
  await readings(413, 'request.too_large', 'x'.repeat((16 << 20) + 1));
  await readings(413, 'request.too_many', `[${'{"asset":"x","values":{"a":1}},'.repeat(100000)}{"asset":"x","values":{"a":1}}]`);
  await readings(413, 'request.too_large', new Uint8Array(gzipSync(Buffer.alloc(64 << 20, 0x20))), { 'content-encoding': 'gzip' });
  await readings(400, 'request.malformed', new Uint8Array(gzipSync('{}').subarray(0, 12)), { 'content-encoding': 'gzip' });
  await readings(415, 'request.unsupported_media_type', '{}', { 'content-encoding': 'br' });
  await refused(415, 'request.unsupported_media_type', 'POST', '/api/v1/cases', '{}', undefined, { 'content-type': 'text/plain' });
  for (const body of ['[]', '1', '"x"', 'null']) await refused(422, 'json.wrong_type', 'POST', '/api/v1/cases', body);
  await refused(422, 'field.unknown', 'POST', '/api/v1/session', { name: 'x', password: 'y', admin: true });
  await refused(422, 'field.missing', 'POST', '/api/v1/session', { name: 'x' });
});

test('readings: wrong types, NaN, infinities, unknown things, out of range, far in time', async () => {
  const judged = (code, body) => rises(city, { [quarantined(code)]: 1 }, () => readings(422, code, body));
  for (const value of ['NaN', '-Infinity', 'Infinity']) await judged('reading.not_a_number', `{"asset":"${tank}","values":{"ch4":${value}}}`);
  for (const value of ['"NaN"', '"Infinity"', 'true', '[1]', '{}', '"1,5"', '1e999']) {
    const answer = await city.call('POST', '/api/v1/readings', `{"asset":"${tank}","values":{"ch4":${value}}}`);
    assert.ok([400, 422].includes(answer.status), `${value}: ${answer.status} ${JSON.stringify(answer.body)}`);
    assert.match(answer.body.code, /^(reading\.not_a_number|reading\.out_of_range|json\.malformed|json\.wrong_type|payload\.undecodable)$/, value);
  }
  for (const body of [{ asset: 5, values: { ch4: 1 } }, { asset: tank, values: 'x' }, { asset: tank }, { values: { ch4: 1 } }, { asset: tank, at: {}, values: { ch4: 1 } }, { asset: tank, at: 'yesterday', values: { ch4: 1 } }, { asset: '../../etc', values: { ch4: 1 } }, { asset: 'x'.repeat(200), values: { ch4: 1 } }, { asset: tank, values: {} }]) {
    const answer = await city.call('POST', '/api/v1/readings', body);
    assert.equal(answer.status, 422, `${JSON.stringify(body)}: ${JSON.stringify(answer.body)}`);
  }
  await judged('reading.unknown_asset', { asset: 'nobody', values: { ch4: 1 } });
  await judged('reading.unknown_point', one({ gold: 1 }));
  await judged('reading.out_of_range', one({ ch4: -50 }));
  await judged('reading.in_future', one({ ch4: 1 }, iso(Date.now() + 3600000)));
  await judged('reading.in_future', one({ ch4: 1 }, '9999-12-31T23:59:59Z'));
  await judged('reading.too_old', one({ ch4: 1 }, '2001-01-01T00:00:00Z'));
  await judged('reading.too_old', one({ ch4: 1 }, 0));
  const many = Array.from({ length: 3000 }, () => ({ asset: 'nobody', values: { ch4: 1 } }));
  const answer = await rises(city, { [quarantined('reading.unknown_asset')]: 3000 }, () => city.must('POST', '/api/v1/readings', many));
  assert.deepEqual([answer.accepted, answer.quarantined.length, answer.quarantined_more], [0, 1000, 2000]);
  await until('the quarantine lists them', async () => (await city.must('GET', '/api/v1/quarantine?code=reading.too_old')).items.length >= 2);
});

test('batches doubled, reordered, half broken', async () => {
  const batch = Array.from({ length: 50 }, (_, i) => one({ ch4: 1 + i / 100 }, iso(Date.now() - 90000 + i)));
  assert.deepEqual(await city.must('POST', '/api/v1/readings', batch), { accepted: 50, duplicate: 0, corrected: 0, quarantined: [] });
  assert.equal((await city.must('POST', '/api/v1/readings', [...batch].reverse())).duplicate, 50);
  assert.equal((await city.must('POST', '/api/v1/readings', [...batch, ...batch])).duplicate, 100);
  assert.equal((await city.must('POST', '/api/v1/readings', [one({ ch4: 9 }, batch[0].at)])).corrected, 1);
  const lines = `${JSON.stringify(one({ ch4: 2 }, Date.now()))}\nbroken\n{"asset":"${tank}","values":{"ch4":"?"}}\n\n[1]\n`;
  const mixed = await city.must('POST', '/api/v1/readings', lines, undefined, { 'content-type': 'application/x-ndjson' });
  assert.equal(mixed.accepted, 1);
  assert.ok(mixed.quarantined.length >= 3, JSON.stringify(mixed));
});

test('who asks: wrong credentials, forged cookies, no CSRF, another\'s asset', async () => {
  for (const token of ['cl_forged_token', 'cl_', 'x', 'cl_e2e_', `${city.admin.slice(0, -1)}!`, city.admin.toUpperCase()]) await refused(401, 'auth.required', 'GET', '/api/v1/cases', undefined, token);
  for (const header of ['Bearer', 'Basic', 'Basic ???', 'Digest x', `Basic ${Buffer.from('nobody').toString('base64')}`, `Basic ${Buffer.from('a:b').toString('base64')}`])
    await refused(401, 'auth.required', 'GET', '/api/v1/cases', undefined, '', { authorization: header });
  for (const cookie of ['cl_session=forged', `cl_session=${'a'.repeat(64)}`, 'cl_session=', `cl_session=${'a'.repeat(64)}; cl_session=${'b'.repeat(64)}`, "cl_session=' or 1=1 --"])
    await refused(401, 'auth.required', 'GET', '/api/v1/cases', undefined, '', { cookie });
  const [, id, secret] = /id=(\S+) secret=(\S+)/.exec(city.run(['credential', 'one-tank', '--assets', tank]));
  const basic = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
  assert.equal((await city.call('POST', '/api/v1/readings', one({ ch4: 1 }), '', basic)).status, 200);
  await rises(city, { [quarantined('auth.foreign_asset')]: 1 }, () => readings(422, 'auth.foreign_asset', { asset: 'septic-500112-0001', values: { ch4: 1 } }, basic, ''));
  await refused(403, 'auth.forbidden', 'GET', '/api/v1/cases', undefined, '', basic);

  const password = 'Correct-Horse-1';
  city.run(['user', 'add', 'duty', '--role', 'acceptor', '--area', '500106'], password + '\n');
  const opened = await city.call('POST', '/api/v1/session', { name: 'duty', password }, '');
  const cookie = opened.headers.get('set-cookie').split(';')[0];
  const write = (headers) => ['POST', '/api/v1/cases', {}, '', { cookie, ...headers }];
  await refused(403, 'auth.csrf', ...write({}));
  await refused(403, 'auth.csrf', ...write({ 'x-csrf-token': 'a'.repeat(64) }));
  assert.equal((await city.call(...write({ 'x-csrf-token': opened.body.csrf }))).status, 422, 'with the token it goes on to the body');
  await refused(403, 'auth.foreign_area', 'GET', '/api/v1/assets/septic-500112-0001', undefined, '', { cookie });
  await refused(403, 'auth.forbidden', 'GET', '/api/v1/users', undefined, '', { cookie });
});

test('actions: unknown, out of stage, stale, without a revision, a key used twice', async () => {
  await city.must('POST', '/api/v1/readings', { asset: 'septic-500106-0002', values: { ch4: 150 } });
  const file = await until('the case', async () => (await city.must('GET', '/api/v1/cases')).items[0]);
  const act = (status, code, body, match, more = {}) => refused(status, code, 'POST', `/api/v1/cases/${file.no}/actions`, body, undefined, { ...(match ? { 'if-match': match } : {}), ...more });
  await act(428, 'precondition.required', { action: 'comment', comment: 'x' });
  await act(428, 'precondition.required', { action: 'comment', comment: 'x' }, '*');
  await act(412, 'precondition.stale', { action: 'comment', comment: 'x' }, `"${file.rev + 7}"`);
  for (const match of ['7', '"x"', '"-1"', '"0"', '"99999999999999999999999"', 'W/"7"']) await act(400, 'precondition.malformed', { action: 'comment', comment: 'x' }, match);
  const now = `"${file.rev}"`;
  await act(422, 'action.unknown', { action: 'explode' }, now);
  await act(403, 'auth.forbidden', { action: 'finish', comment: 'x' }, now);
  await act(409, 'action.not_allowed', { action: 'close' }, now);
  await act(422, 'field.missing', {}, now);
  await act(422, 'json.wrong_type', { action: 5 }, now);
  await act(400, 'request.malformed', { action: 'comment', comment: 'x' }, now, { 'idempotency-key': 'k'.repeat(129) });
  const key = { 'if-match': now, 'idempotency-key': 'once' };
  const first = await city.must('POST', `/api/v1/cases/${file.no}/actions`, { action: 'comment', comment: 'first' }, undefined, key);
  const again = await city.must('POST', `/api/v1/cases/${file.no}/actions`, { action: 'comment', comment: 'first' }, undefined, key);
  assert.equal(again.rev, first.rev, 'the same again is done once');
  await act(409, 'idempotency.reused', { action: 'comment', comment: 'another' }, now, { 'idempotency-key': 'once' });
  await refused(404, 'not_found', 'GET', '/api/v1/cases/9999999999999999999');
  await refused(404, 'not_found', 'GET', '/api/v1/no-such-thing');
  await refused(405, 'request.method_not_allowed', 'DELETE', `/api/v1/cases/${file.no}`);
  await refused(400, 'query.unknown', 'GET', '/api/v1/cases?stages=closed');
  await refused(400, 'query.invalid', 'GET', '/api/v1/cases?limit=-1');
  await refused(400, 'query.invalid', 'GET', '/api/v1/cases?limit=1&limit=2');
});

const get = (target, more = '') => `GET ${target} HTTP/1.1\r\nHost: city\r\nConnection: close\r\n${more}\r\n`;

async function bytes_refused(status, code, bytes, options) {
  await rises(city, { [http_problem(code)]: 1 }, async () => {
    const text = await raw(city, bytes, options);
    assert.deepEqual([status_of(text), code_of(text)], [status, code], `${String(bytes).slice(0, 60)}: ${text.slice(0, 300)}`);
  });
}

test('path tricks leave the folder shut', async () => {
  for (const path of ['/../../etc/passwd', '/..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/..%5c..%5cx', '//etc/passwd', '/geo//x', '/./index.html', '/a/%00.html', '/index.html%00.js', '/%c0%ae%c0%ae/x', '/%zz', '/%', '/geo/../index.html', '/..\\..\\x', '/api/v1/cases/%2e%2e/users', '/api/v1//cases'])
    await bytes_refused(400, 'request.malformed', get(path));
  for (const path of ['/.git/config', '/etc/passwd', '/city.json', '/geo/nothing.geojson', '/api', '/api/v1/', '/API/v1/cases', '/....//x'.replace('//', '/')]) {
    const text = await raw(city, get(path));
    assert.ok(!text.includes('root:') && [404, 401].includes(status_of(text)), `${path}: ${text.slice(0, 200)}`);
  }
  await bytes_refused(414, 'request.target_too_long', get('/' + 'a'.repeat(9000)));
});

test('HTTP that is none, or two requests in one', async () => {
  const post = (headers, body = '') => `POST /api/v1/readings HTTP/1.1\r\nHost: city\r\n${headers}\r\n${body}`;
  for (const bytes of ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.repeat(4), 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'GET / HTTP/1.1\r\nHost city\r\n\r\n', 'GET / HTTP/1.1\r\nHost: city\r\nX\x00: 1\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'GET / HTTP/3.0\r\nHost: a\r\n\r\n', 'GET noslash HTTP/1.1\r\nHost: a\r\n\r\n', ' GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    post('Content-Length: -1\r\n'), post('Content-Length: 5x\r\n'), post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello'), post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'),
    post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), post('Transfer-Encoding: chunked\r\n', 'zz\r\nhello\r\n0\r\n\r\n'), post('Transfer-Encoding: chunked\r\n', 'fffffffffffffffff\r\n')])
    await bytes_refused(400, 'request.malformed', bytes);
  await bytes_refused(405, 'request.method_not_allowed', 'BREW /pot HTTP/1.1\r\nHost: city\r\n\r\n');
  await bytes_refused(431, 'request.headers_too_large', get('/', `X-Flood: ${'a'.repeat(100000)}\r\n`));
  await bytes_refused(431, 'request.headers_too_large', get('/', Array.from({ length: 5000 }, (_, i) => `X-${i}: flood\r\n`).join('')));
  await bytes_refused(413, 'request.too_large', post('Content-Length: 99999999999\r\n'));
  await bytes_refused(413, 'request.too_large', [post('Transfer-Encoding: chunked\r\n'), `${(17 << 20).toString(16)}\r\n`, 'x'.repeat(17 << 20)], { pause: 20 });
});

test('sockets: an upgrade that is wrong, from a foreign page, without a hello', async () => {
  const upgrade = (more, version = 13) => `GET /api/v1/live HTTP/1.1\r\nHost: city\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: ${version}\r\n${more}\r\n`;
  await bytes_refused(426, 'request.malformed', upgrade('', 8));
  await bytes_refused(403, 'auth.forbidden', upgrade('Origin: https://evil.example\r\n'));
  await bytes_refused(401, 'auth.required', upgrade('Authorization: Bearer cl_forged_token\r\n'));
  const frame = (text) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
  const live = (code) => `cityloop_live_problems_total{code="${code}"}`;
  await rises(city, { [live('auth.required')]: 1, [live('4401')]: 1 }, async () => {
    assert.match(await raw(city, [upgrade(''), frame('{"t":"sub","id":1}')], { pause: 50, until: 'auth.required' }), /"code":"auth.required"/);
  });
  await rises(city, { [live('json.malformed')]: 1, [live('4400')]: 1 }, async () => {
    assert.match(await raw(city, [upgrade(''), frame('nonsense')], { pause: 50, until: 'json.malformed' }), /"code":"json.malformed"/);
  });
  await rises(city, { [http_problem('request.malformed')]: 1 }, async () => {
    await raw(city, [upgrade(''), Buffer.from([0x81, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f])], { pause: 50 });  // not masked
  });
});

test('a flood of connections takes no descriptor from the stores, and passes', async () => {
  const small = new City();
  small.wrapper = ['prlimit', '--nofile=1024:1024'];
  await small.start();
  try {
    await small.lay_out();
    const agent = { keep: connect(Number(new URL(small.http).port), '127.0.0.1') };
    const ask = (text) => new Promise((done, fail) => {
      agent.keep.once('data', (bytes) => done(String(bytes)));
      agent.keep.once('error', fail);
      agent.keep.write(text);
    });
    const body = () => JSON.stringify({ asset: tank, at: Date.now(), values: { ch4: 1 } });
    const post = () => {
      const text = body();
      return ask(`POST /api/v1/readings HTTP/1.1\r\nHost: city\r\nAuthorization: Bearer ${small.admin}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    };
    assert.equal(status_of(await post()), 200);
    const flood = [new URL(small.http).port, small.mqtt_port].flatMap((port) => Array.from({ length: 700 }, () => connect(Number(port), '127.0.0.1').on('error', () => {})));
    await Promise.all(flood.map((one) => new Promise((done) => one.once('connect', done).once('close', done))));
    await sleep(500);
    const descriptors = readdirSync(`/proc/${readFileSync(join(small.data, 'lock'), 'utf8').trim()}/fd`).length;
    assert.ok(descriptors < 1024 - 400, `${descriptors} of 1024 descriptors are taken`);
    for (let i = 0; i < 50; i += 1) assert.equal(status_of(await post()), 200, 'whoever was in goes on');
    for (const one of flood) one.destroy();
    await until('the door is open again', async () => (await small.call('GET', '/healthz')).status === 200);
    await until('the refusals are counted', async () => (await metrics(small)).get('cityloop_http_refused_connections_total') > 500);
    agent.keep.destroy();
  } finally {
    await small.stop();
  }
});

test('half-open and slow connections are let go, and do not keep others waiting', async () => {
  await rises(city, { [http_problem('request.timeout')]: 21, cityloop_http_timeouts_total: 41 }, async () => {
    const slow = Array.from({ length: 20 }, () => raw(city, ['GET /healthz HTTP/1.1\r\n', ...Array.from({ length: 60 }, (_, i) => `X-${i}: drip\r\n`)], { pause: 500, ms: 40000 }));
    const mute = Array.from({ length: 20 }, () => raw(city, [], { ms: 40000 }));
    const half = raw(city, 'GET / HT', { ms: 40000 });
    for (let i = 0; i < 20; i += 1) assert.equal((await city.call('POST', '/api/v1/readings', one({ ch4: 1 }, Date.now()))).status, 200);
    for (const text of await Promise.all(slow)) assert.deepEqual([status_of(text), code_of(text)], [408, 'request.timeout']);
    for (const text of await Promise.all(mute)) assert.equal(text, '');
    assert.equal(status_of(await half), 408);
  });
});
