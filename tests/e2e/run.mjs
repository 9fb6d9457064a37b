// SPDX-License-Identifier: Apache-2.0
// End-to-end: the real program, foreign clients (mosquitto_pub, Debian's broker), the real browser. `node tests/e2e/run.mjs [filter]`.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { launch, sign_in } from './browser.mjs';
import { City, iso, sleep, until } from './city.mjs';

const tank = 'septic-500106-0001';

function publish(city, credential, asset, payload, more = []) {
  return spawnSync('mosquitto_pub', ['-h', city.mqtt_host, '-p', city.mqtt_port, '-u', credential.id, '-P', credential.secret, '-q', '1', '-V', 'mqttv5',
    '-t', `city/v1/${asset}/readings`, '-m', typeof payload === 'string' ? payload : JSON.stringify(payload), ...more], { encoding: 'utf8' });
}

function credential_of(text) {
  const found = /id=(\S+) secret=(\S+)/.exec(text);
  return { id: found[1], secret: found[2] };
}

async function with_city(run, args) {
  const city = await new City(args).start();
  try {
    await city.lay_out();
    await run(city);
  } finally {
    await city.stop();
  }
}

const cases = [
  ['a foreign MQTT client raises a red alarm, exactly one case, and the dot shows in the browser', async () => {
    await with_city(async (city) => {
      const password = 'Correct-Horse-1';
      city.run(['user', 'add', 'duty', '--role', 'shift_leader', '--area', '50'], password + '\n');
      const browser = await launch();
      try {
        const page = await sign_in(browser, city, 'duty', password);
        await page.goto(`${city.http}/screen/overview`);
        await sleep(1500);
        const credential = credential_of(city.run(['credential', 'gateway', '--assets', 'septic-500106-*']));
        const sent = publish(city, credential, tank, { at: iso(Date.now()), values: { ch4: 150 } });
        assert.equal(sent.status, 0, sent.stderr);
        const alarms = await until('the alarm', async () => {
          const list = (await city.must('GET', '/api/v1/alarms?state=firing')).items;
          return list.length && list;
        });
        assert.equal(alarms[0].level, 'red');
        assert.equal(alarms[0].asset, tank);
        const cases = (await city.must('GET', '/api/v1/cases')).items;
        assert.equal(cases.length, 1);
        assert.equal(cases[0].stage, 'pending_dispatch');
        await page.getByText(alarms[0].title_zh ?? tank, { exact: false }).first().waitFor({ timeout: 15000 });
        const why = await city.must('GET', `/api/v1/alarms/${alarms[0].id}/why`);
        assert.ok(why.samples.length > 0);
        assert.match(city.run(['why', '--verify']), /1 alarms verified, 0 differ/);
        const foreign = publish(city, credential, 'septic-500112-0001', { values: { ch4: 1 } });
        assert.equal((await city.must('GET', '/api/v1/alarms')).items.length, 1);
        assert.ok(foreign.status !== 0 || /not authorized/i.test(foreign.stderr + foreign.stdout), 'a foreign asset must be refused');
      } finally {
        await browser.close();
      }
    });
  }],
  ['from the alarm to the closed case, each with their own role, through the API', async () => {
    await with_city(async (city) => {
      const post = (values, at) => city.must('POST', '/api/v1/readings', { asset: tank, at: iso(at), values });
      const start = Date.now() - 240000;
      await post({ ch4: 150 }, start);
      // A reading is acknowledged once the log has it; the case shows in lists a moment later.
      const no = (await until('the case', async () => (await city.must('GET', '/api/v1/cases')).items[0])).no;
      assert.match(no, /^500106\d{13}$/, 'the district of the place, the day, a number');
      const people = {
        dispatcher: city.token('dispatch', 'dispatcher'),
        unit_desk: city.run(['token', 'desk', '--role', 'unit_desk', '--area', '500106', '--unit', '500106-sanitation']).trim().split('\n').pop(),
        handler: city.run(['token', 'crew', '--role', 'handler', '--area', '500106', '--unit', '500106-sanitation']).trim().split('\n').pop(),
        shift_leader: city.token('shift', 'shift_leader'),
        foreign: city.token('foreign', 'shift_leader', '500112'),
      };
      const act = async (who, action, fields = {}) => {
        const file = await city.must('GET', `/api/v1/cases/${no}`);
        return city.call('POST', `/api/v1/cases/${no}/actions`, { action, ...fields }, people[who], { 'if-match': `"${file.rev}"` });
      };
      const must = async (...words) => {
        const answer = await act(...words);
        assert.ok(answer.status < 300, `${words[1]}: ${answer.status} ${JSON.stringify(answer.body)}`);
      };
      assert.equal((await city.call('POST', `/api/v1/cases/${no}/actions`, { action: 'dispatch', unit: '500106-sanitation' }, people.dispatcher)).status, 428);
      assert.equal((await city.call('POST', `/api/v1/cases/${no}/actions`, { action: 'dispatch', unit: '500106-sanitation' }, people.dispatcher, { 'if-match': '"999"' })).status, 412);
      assert.equal((await act('foreign', 'cancel', { reason: 'x' })).status, 403);
      await must('dispatcher', 'dispatch', { unit: '500106-sanitation' });
      await must('handler', 'accept');
      await must('handler', 'arrive');
      assert.equal((await act('handler', 'finish', { comment: 'done' })).status, 409, 'an after-photo is required');
      const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
      const kept = await city.call('POST', '/api/v1/attachments', new Uint8Array(png), people.handler, { 'content-type': 'image/png' });
      assert.equal(kept.status, 201, JSON.stringify(kept.body));
      await must('handler', 'finish', { comment: '已抽排通风', attachments: [kept.body.id] });
      assert.equal((await city.call('GET', `/api/v1/attachments/${kept.body.id}`, undefined, people.foreign)).status, 403);
      await must('unit_desk', 'feedback');
      await must('dispatcher', 'feedback');
      await must('shift_leader', 'check', { result: 'ok' });
      assert.equal((await act('shift_leader', 'close')).status, 409, 'the sensor does not agree yet');
      for (let at = start + 30000; at <= Date.now(); at += 30000) await post({ ch4: 1.2, h2s: 0.5 }, at);
      await until('the sensor agrees', async () => {
        const answer = await act('shift_leader', 'close');
        if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
        return true;
      }, 20000);
      const file = await city.must('GET', `/api/v1/cases/${no}`);
      assert.equal(file.stage, 'closed');
      assert.ok(file.timeline.length >= 7);
      assert.match(city.run(['audit', 'verify']), /the chain holds/);
    });
  }],
  ['a foreign broker delivers another vendor\'s payload through a source file', async () => {
    const free = await new Promise((done) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => done(port));
      });
    });
    const folder = mkdtempSync(join(tmpdir(), 'cityloop-broker-'));
    writeFileSync(join(folder, 'mosquitto.conf'), `listener ${free} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
    const path = [process.env.PATH, '/usr/sbin'].join(':');
    const broker = spawn('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore', env: { ...process.env, PATH: path } });
    mkdirSync(join(folder, 'sources'));
    writeFileSync(join(folder, 'sources', 'gas-vendor.jsonc'), `{
      "title": {"zh": "燃气厂商", "en": "Gas vendor"},
      "transport": {"mqtt": {"url": "mqtt://127.0.0.1:${free}", "topics": ["vendor/+/+/up"], "client_id": "cityloop-e2e"}},
      "decode": {"format": "json", "items": "list", "asset": {"topic": "vendor/+/{device}/up"},
        "values": {"ch4": {"path": "gas.vol", "scale": 20}}},
      "ids": {"map": {"8A01": "${tank}"}}
    }`);
    try {
      await sleep(300);
      await with_city(async (city) => {
        await until('the source is connected', async () => {
          const list = (await city.must('GET', '/api/v1/sources')).items;
          return list.some((one) => one.health?.state && one.health.state !== 'late' && one.health.connected !== false);
        });
        await until('the alarm', async () => {
          spawnSync('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(free), '-q', '1', '-t', 'vendor/x/8A01/up', '-m', '{"list":[{"gas":{"vol":6.5}}]}']);
          const list = (await city.must('GET', '/api/v1/alarms?state=firing')).items;
          return list.length === 1 && list[0].level === 'red';
        });
      }, ['--sources', join(folder, 'sources')]);
    } finally {
      broker.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  }],
  ['kill -9 under load: what was acknowledged is there, one case an asset', async () => {
    const city = await new City().start();
    try {
      await city.lay_out();
      const acknowledged = [];
      const base = Date.now() - 600000;
      let n = 0;
      for (let round = 0; round < 5; round += 1) {
        let dead = false;
        const senders = Array.from({ length: 8 }, async () => {
          while (!dead) {
            const at = base + n++;
            const answer = await city.call('POST', '/api/v1/readings', { asset: tank, at: iso(at), values: { ch4: 150, h2s: 30 } }).catch(() => null);
            if (answer?.status === 200) acknowledged.push(at);
          }
        });
        await sleep(400);
        await city.kill();
        dead = true;
        await Promise.all(senders);
        await city.start();
      }
      const list = await city.must('GET', `/api/v1/assets/${tank}/history?point=ch4&from=${base}&to=${base + n + 1}&limit=1000`);
      let items = list.items;
      for (let next = list.next; next;) {
        const page = await city.must('GET', `/api/v1/assets/${tank}/history?point=ch4&from=${base}&to=${base + n + 1}&limit=1000&cursor=${encodeURIComponent(next)}`);
        items = items.concat(page.items);
        next = page.next;
      }
      const kept = new Set(items.map((one) => Date.parse(one.at)));
      const lost = acknowledged.filter((at) => !kept.has(at));
      assert.ok(acknowledged.length > 50, `only ${acknowledged.length} acknowledged`);
      assert.deepEqual(lost, []);
      await city.kill();
      const count = spawnSync('sqlite3', [join(city.data, 'journal.db'), 'select count(*) from cases'], { encoding: 'utf8' });
      assert.equal(count.stdout.trim(), '1');
      await city.start();
    } finally {
      await city.stop();
    }
  }],
  ['bad input gets its clear refusal and the server goes on', async () => {
    await with_city(async (city) => {
      const refused = async (status, code, method, path, body, headers, token) => {
        const answer = await city.call(method, path, body, token, headers);
        assert.equal(answer.status, status, `${path} ${String(body).slice(0, 60)}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`);
        if (code) assert.equal(answer.body.code, code);
      };
      await refused(400, 'json.malformed', 'POST', '/api/v1/readings', '{"asset":');
      await refused(422, 'reading.unknown_asset', 'POST', '/api/v1/readings', { asset: 'nobody', values: { ch4: 1 } });
      await refused(422, 'reading.unknown_point', 'POST', '/api/v1/readings', { asset: tank, values: { gold: 1 } });
      await refused(422, 'reading.out_of_range', 'POST', '/api/v1/readings', { asset: tank, values: { ch4: -50 } });
      await refused(422, 'reading.in_future', 'POST', '/api/v1/readings', { asset: tank, at: iso(Date.now() + 3600000), values: { ch4: 1 } });
      await refused(422, 'reading.too_old', 'POST', '/api/v1/readings', { asset: tank, at: '2001-01-01T00:00:00Z', values: { ch4: 1 } });
      await refused(400, 'json.too_deep', 'POST', '/api/v1/readings', '['.repeat(5000));
      await refused(401, null, 'GET', '/api/v1/cases', undefined, {}, 'cl_forged_token');
      await refused(401, null, 'GET', '/api/v1/cases', undefined, { cookie: 'cl_session=forged' }, '');
      await refused(404, null, 'GET', '/api/v1/cases/9999999999999999999');
      await refused(404, null, 'GET', '/api/v1/no-such-thing');
      const batch = [1, 2, 3].map((i) => ({ asset: tank, at: iso(Date.now() - 9000 + i), values: { ch4: 1 + i } }));
      assert.deepEqual(await city.must('POST', '/api/v1/readings', batch), { accepted: 3, duplicate: 0, corrected: 0, quarantined: [] });
      const again = await city.must('POST', '/api/v1/readings', [...batch].reverse());
      assert.equal(again.duplicate, 3, JSON.stringify(again));
      const mixed = await city.must('POST', '/api/v1/readings', `{"asset":"${tank}","at":${Date.now()},"values":{"ch4":2}}\nbroken\n`, undefined, { 'content-type': 'application/x-ndjson' });
      assert.equal(mixed.accepted, 1);
      assert.equal(mixed.quarantined.length, 1);
      await until('the quarantine', async () => (await city.must('GET', '/api/v1/quarantine')).items.length >= 6);
      assert.equal((await city.call('GET', '/healthz')).status, 200);
      assert.match((await city.call('GET', '/metrics')).body, /cityloop_messages_total \d/);
    });
  }],
  ['backup of a running city, restored as a new epoch', async () => {
    await with_city(async (city) => {
      await city.must('POST', '/api/v1/readings', { asset: tank, values: { ch4: 150 } });
      const to = city.data + '-backup';
      const copy = new City();
      rmSync(copy.data, { recursive: true });
      try {
        city.run(['backup', '--to', to]);
        copy.run(['restore', '--from', to]);
        await copy.start();
        copy.admin = city.admin;
        assert.equal((await copy.must('GET', '/api/v1/cases')).items.length, 1);
      } finally {
        if (copy.child) await copy.stop();
        rmSync(to, { recursive: true, force: true });
      }
    });
  }],
];

const filter = process.argv[2] ?? '';
let failed = 0, passed = 0;
for (const [name, run] of cases) {
  if (!name.includes(filter)) continue;
  const from = Date.now();
  try {
    await run();
    passed += 1;
    console.log(`ok    ${name} (${Date.now() - from} ms)`);
  } catch (problem) {
    failed += 1;
    console.log(`FAIL  ${name}\n      ${String(problem?.stack ?? problem).split('\n').slice(0, 8).join('\n      ')}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
