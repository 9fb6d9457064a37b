// SPDX-License-Identifier: Apache-2.0
// A small disk that fills up under the running program: it says so, takes nothing that it could not keep, loses nothing that it
// acknowledged, and goes on when there is room again, also across kill -9. Skipped visibly where nothing may be mounted.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { City, iso, sleep, until } from './city.mjs';
import { Mqtt, kinds } from './mqtt.mjs';
import { http_problem, rises } from './raw.mjs';

const disk = mkdtempSync(join(tmpdir(), 'cityloop-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=320m', 'tmpfs', disk]).status === 0;
if (!mounted) rmSync(disk, { recursive: true });

const tank = 'septic-500106-0001';
const ballast = join(disk, 'ballast');

// All of it, or all but `left` bytes.
function fill(left = 0) {
  const file = openSync(ballast, 'w');
  const block = Buffer.alloc(1 << 20, 1);
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(disk);
      if (left > 0 && bavail * bsize < left) return;
      writeSync(file, block);
    }
  } catch (problem) {
    assert.equal(problem.code, 'ENOSPC');
  } finally {
    closeSync(file);
  }
}

test('a full disk is refused clearly, loses nothing, and is recovered from', { skip: mounted ? false : 'nothing may be mounted here' }, async () => {
  const city = new City();
  rmSync(city.data, { recursive: true });
  city.data = join(disk, 'city');
  const acknowledged = [];
  let at = Date.now() - 3600000;
  const send = async () => {
    const mine = (at += 10);
    const answer = await city.call('POST', '/api/v1/readings', { asset: tank, at: iso(mine), values: { ch4: 150, h2s: 30 } });
    if (answer.status === 200) acknowledged.push(mine);
    return answer;
  };
  const all_there = async () => {
    const found = new Set();
    for (let next = ''; next !== null;) {
      const page = await city.must('GET', `/api/v1/assets/${tank}/history?point=ch4&from=${acknowledged[0]}&to=${at + 1}&limit=1000${next && `&cursor=${encodeURIComponent(next)}`}`);
      for (const one of page.items) found.add(Date.parse(one.at));
      next = page.next;
    }
    assert.deepEqual(acknowledged.filter((one) => !found.has(one)), []);
  };
  const refused = () => until('the refusal', async () => (await send()).status === 507);
  const taken = () => until('room again', async () => (await send()).status === 200);
  try {
    await city.start();
    await city.lay_out();
    const [, id, secret] = /id=(\S+) secret=(\S+)/.exec(city.run(['credential', 'gateway', '--assets', 'septic-*']));
    const device = new Mqtt(city.mqtt_host, city.mqtt_port);
    await device.connect({ user: id, password: secret });
    for (let i = 0; i < 20; i += 1) assert.equal((await send()).status, 200);
    assert.equal((await city.call('GET', '/readyz')).status, 200);

    // The last room is kept for what is known already, and for people.
    fill(40 << 20);
    await refused();
    const unit = (name) => city.call('PUT', `/api/v1/units/${name}`, { name, area: '500106', duties: [] });
    assert.equal((await unit('heard')).status, 201);
    assert.equal((await city.call('GET', '/readyz')).status, 503);
    fill();
    // Whoever was on their way when it got full waits until there is room; the next one is refused.
    const waiting = [];
    await until('people are refused too', async () => {
      const one = unit(`unit-${waiting.length}`);
      waiting.push(one);
      const answer = await Promise.race([one, sleep(300)]);
      return answer?.status === 507 && answer.body.code === 'storage.no_space';
    });
    await rises(city, { [http_problem('storage.no_space')]: 1 }, async () => {
      const answer = await send();
      assert.deepEqual([answer.status, answer.body.code], [507, 'storage.no_space']);
      assert.ok(Number(answer.headers.get('retry-after')) > 0, 'it says when to come again');
    });
    const ready = await city.call('GET', '/readyz');
    assert.equal(ready.status, 503);
    assert.match(JSON.stringify(ready.body), /disk/);
    assert.equal((await city.call('GET', '/healthz')).status, 200);
    assert.equal((await city.must('GET', '/api/v1/alarms?state=firing')).items.length, 2, 'questions are answered');
    // A device is not acknowledged while nothing can be kept, and it is when there is room.
    device.send(device.publish_packet(`city/v1/${tank}/readings`, { at: iso((at += 10)), values: { ch4: 150 } }, 1, 77));
    const held = at;
    await assert.rejects(device.next(kinds.puback, 77, 1500));
    rmSync(ballast);
    assert.equal((await device.next(kinds.puback, 77)).reason, 0);
    acknowledged.push(held);
    await taken();
    for (const answer of await Promise.all(waiting)) assert.ok([201, 507].includes(answer.status), JSON.stringify(answer.body));
    assert.equal((await city.call('GET', '/readyz')).status, 200);
    await all_there();
    await device.end();

    // Killed while the disk is full, started when it is not; and stopped cleanly while it is full.
    for (const signal of ['SIGKILL', 'SIGTERM']) {
      fill();
      await refused();
      await city.kill(signal);
      rmSync(ballast);
      await city.start();
      await taken();
      await all_there();
    }

    // Started on a full disk: either it says why not and ends with the store's exit code, or it runs and refuses.
    await city.kill();
    fill();
    const began = await city.start().then(() => true, (problem) => {
      assert.match(String(problem), /ended with 3: .*(room|space|full)/s);
      return false;
    });
    if (began) {
      await refused();
      await city.kill();
    }
    rmSync(ballast);
    await city.start();
    await taken();
    await all_there();
    await until('one case', async () => (await city.must('GET', '/api/v1/cases?count=true')).total === 1);
  } finally {
    if (city.child?.exitCode === null && city.child.signalCode === null) await city.kill();
    spawnSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  }
});
