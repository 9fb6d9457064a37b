// SPDX-License-Identifier: Apache-2.0
// Under strace: every acknowledgement leaves for its socket only after the log that holds what it acknowledges was written and
// synced. HTTP 200, PUBACK, PUBREC, and a person's action. Skipped visibly where the machine does not allow tracing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { City, iso } from './city.mjs';
import { Mqtt } from './mqtt.mjs';

const traceable = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
const kCalls = 'write,writev,pwrite64,pwritev,sendto,sendmsg,fdatasync,fsync';
const kMessages = 12;

const hex = (bytes) => Array.from(Buffer.from(bytes), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

const plain = (text) => text.replace(/\\x(..)/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));

// Calls in the order in which they began; `to` is the line on which they ended.
function calls_of(text) {
  const calls = [], open = new Map();
  text.split('\n').forEach((line, at) => {
    const begun = /^(\d+) +(\w+)\((\d+)<([^>]*)>(.*)$/.exec(line);
    if (begun) {
      const call = { pid: begun[1], name: begun[2], file: plain(begun[4]), data: begun[5], from: at, to: at, ok: true };
      calls.push(call);
      if (line.includes('<unfinished ...>')) {
        call.ok = false;
        open.set(call.pid, call);
      } else {
        call.ok = !/= -1 E/.test(line);
      }
      return;
    }
    const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/.exec(line);
    const call = resumed && open.get(resumed[1]);
    if (!call) return;
    open.delete(resumed[1]);
    call.to = at;
    call.data += resumed[3];
    call.ok = !/= -1 E/.test(line);
  });
  return calls;
}

// Where the log has `mark`, the sync that covers it, the acknowledgement `sent`: in this order.
function in_order(calls, what, mark, sent) {
  // The last record that names it: the asset itself was put before.
  const written = calls.findLast((call) => call.file.includes('/log/') && call.name.startsWith('pwrite') && call.data.includes(mark));
  assert.ok(written, `${what}: not in the log`);
  const synced = calls.find((call) => call.file === written.file && /^f(data)?sync$/.test(call.name) && call.from > written.to && call.ok);
  const told = calls.find((call) => call.file.startsWith('socket:') && sent(call.data));
  assert.ok(told, `${what}: no acknowledgement in the trace`);
  assert.ok(synced, `${what}: its log was never synced`);
  assert.ok(synced.to < told.from, `${what}: acknowledged on line ${told.from}, synced only on line ${synced.to}`);
}

test('every acknowledgement follows the sync of its log', { skip: traceable ? false : 'strace may not trace here' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cityloop-trace-'));
  const trace = join(folder, 'trace');
  const city = new City();
  city.wrapper = ['strace', '-f', '-y', '-xx', '-s', '1000000', '-e', `trace=${kCalls}`, '-o', trace];
  const asset = (way, i) => `septic-500106-${way}-${String(i).padStart(3, '0')}`;
  const ids = new Map();
  let case_no, rev;
  try {
    await city.start();
    await city.lay_out();
    for (const way of ['http', 'one', 'two'])
      for (let i = 0; i < kMessages; i += 1)
        await city.must('PUT', `/api/v1/assets/${asset(way, i)}`, { kind: 'septic_tank', name: 'x', location: { type: 'Point', coordinates: [106.45, 29.54] } });
    // The answer tells them apart: so many accepted.
    for (let i = 0; i < kMessages; i += 1) {
      const many = Array.from({ length: 100 + i }, (_, k) => ({ asset: asset('http', i), at: iso(Date.now() - 60000 + k), values: { ch4: 1 } }));
      assert.equal((await city.must('POST', '/api/v1/readings', many)).accepted, 100 + i);
    }
    const [, id, secret] = /id=(\S+) secret=(\S+)/.exec(city.run(['credential', 'gateway', '--assets', 'septic-*']));
    const device = new Mqtt(city.mqtt_host, city.mqtt_port);
    assert.equal((await device.connect({ user: id, password: secret, client: 'trace' })).reason, 0);
    for (const [way, qos] of [['one', 1], ['two', 2]])
      for (let i = 0; i < kMessages; i += 1) {
        device.id = 0x5500 + (qos << 4) + i;
        ids.set(asset(way, i), device.id + 1);
        assert.equal((await device.publish(`city/v1/${asset(way, i)}/readings`, { at: iso(Date.now()), values: { ch4: 1 } }, qos)).reason, 0);
      }
    await device.end();
    await city.must('POST', '/api/v1/readings', { asset: 'septic-500106-0001', values: { ch4: 150 } });
    for (let tries = 0; !case_no && tries < 200; tries += 1) {
      const file = (await city.must('GET', '/api/v1/cases')).items[0];
      [case_no, rev] = file ? [file.no, file.rev] : [undefined, 0];
    }
    const answer = await city.call('POST', `/api/v1/cases/${case_no}/actions`, { action: 'comment', comment: 'mark-of-the-comment' }, city.admin, { 'if-match': `"${rev}"` });
    assert.equal(answer.status, 200);
    await city.kill('SIGTERM');
    const calls = calls_of(readFileSync(trace, 'latin1'));
    for (let i = 0; i < kMessages; i += 1) {
      in_order(calls, `HTTP batch ${i}`, hex(asset('http', i)), (data) => data.includes(hex(`{"accepted":${100 + i},`)));
      for (const [way, head] of [['one', 0x40], ['two', 0x50]]) {
        const number = ids.get(asset(way, i));
        const told = [[head, 2, number >> 8, number & 255], [head, 3, number >> 8, number & 255], [head, 4, number >> 8, number & 255]].map(hex);
        in_order(calls, `${way === 'one' ? 'PUBACK' : 'PUBREC'} ${i}`, hex(asset(way, i)), (data) => told.some((one) => data.includes(one)));
      }
    }
    in_order(calls, 'the comment', hex('mark-of-the-comment'), (data) => data.includes(hex(`"rev":${rev + 1},`)) || data.includes(hex(`"${rev + 1}"`)));
  } finally {
    if (city.child.exitCode === null) await city.kill();
    rmSync(city.data, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
});
