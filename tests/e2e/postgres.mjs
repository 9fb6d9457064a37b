// SPDX-License-Identifier: Apache-2.0
// The Journal in PostgreSQL: the program and the database are killed under clients that do not give up, a second server is kept out, a third
// takes over, a backup moves between the stores. Needs a server of its own (CITYLOOP_POSTGRES, CITYLOOP_POSTGRES_CTL):
// `make test-postgres`. POSTGRES_ROUNDS sets how many killings (12).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { City, program, sleep, until } from './city.mjs';
import { asset_of, Client, Person, undone } from './crowd.mjs';

const server = process.env.CITYLOOP_POSTGRES;
const options = { skip: server ? false : 'no PostgreSQL is given: run `make test-postgres`' };
const kRounds = Number(process.env.POSTGRES_ROUNDS ?? 12);
const kClients = 32;
const kPeople = 4;

function psql(query, url = server) {
  let done;
  for (let tries = 0; tries < 100; tries += 1) {  // the database may still be recovering from a killing
    done = spawnSync('psql', [url, '-XAtqc', query], { encoding: 'utf8' });
    if (!/recovery mode|not yet accepting|starting up|shutting down|Connection refused|closed the connection/.test(done.stderr)) break;
    spawnSync('sleep', ['0.1']);
  }
  if (done.status !== 0) throw new Error(`${query}: ${done.stderr}`);
  return done.stdout.trim();
}
function pg_ctl(...words) {
  const [command, ...before] = process.env.CITYLOOP_POSTGRES_CTL.split(' ');
  const done = spawnSync(command, [...before, ...words], { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (done.status !== 0) throw new Error(`pg_ctl ${words}: ${done.stderr}`);
}

let schemas = 0;
function new_schema() {
  const name = `e2e_${process.pid}_${(schemas += 1)}`;
  psql(`CREATE SCHEMA ${name}`);
  return { name, url: `${server}?options=-csearch_path%3D${name}` };
}
const writer = (store) => Number(psql("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = (hashtext(current_schema())::bigint & 4294967295)::oid", store.url));
const open_case = (city, title) => city.call('POST', '/api/v1/cases',
  { title, class: { scheme: 'GB2013', type: 'event', code: '0101' }, location: { type: 'Point', coordinates: [106.45, 29.54] } }, undefined, { 'idempotency-key': encodeURIComponent(title) });
async function ends(city) {
  const code = await Promise.race([city.ended, sleep(30_000).then(() => 'still running')]);
  return { code, said: city.said };
}
function fails_to_start(city) {
  return city.start().then(() => assert.fail('it started'), (problem) => problem.message);
}

test(`${kClients} clients and ${kPeople} people, the program and the database killed ${kRounds} times: one case per event, nothing acknowledged is lost`, options, async () => {
  const store = new_schema();
  const city = await new City(['--store', store.url]).start();
  const sql = (query) => psql(query, store.url);
  try {
    await city.lay_out();
    const features = [];
    for (let round = 1; round <= kRounds; round += 1)
      for (let client = 0; client < kClients; client += 1)
        features.push({ type: 'Feature', id: asset_of(round, client), geometry: { type: 'Point', coordinates: [106.45, 29.54] }, properties: { kind: 'septic_tank', name: 'x' } });
    assert.equal((await city.must('POST', '/api/v1/assets:import', { type: 'FeatureCollection', features })).created, features.length);
    const [, id, secret] = /id=(\S+) secret=(\S+)/.exec(city.run(['credential', 'gateway', '--assets', 'septic-*']));
    const killings = [
      ['the backend that writes, by SIGKILL: the database recovers as after a crash', async () => process.kill(writer(store), 'SIGKILL')],
      ['the program, by SIGKILL', async () => city.child.kill('SIGKILL'), true],
      ['all its connections, by an administrator', async () => psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cityloop'")],
      ['the database at once, and the program while it is away', async () => {
        pg_ctl('-m', 'immediate', 'stop');
        await sleep(300);
        city.child.kill('SIGKILL');
        await city.ended;
        pg_ctl('start');
      }, true],
    ];
    const all = [], people = [];
    for (let round = 1; round <= kRounds; round += 1) {
      for (let client = 0; client < kClients; client += 1) all.push(new Client(city, { id, secret }, round, client));
      for (let person = 0; person < kPeople; person += 1) people.push(new Person(city, round, person));
      city.down = false;
      city.ended.then(() => (city.down = true));
      const speaking = Promise.all(undone([...all, ...people]).map((one) => one.speak()));
      await sleep(5 + (round * 37) % 90);
      const [what, kill, ends_program] = killings[(round - 1) % killings.length];
      await kill();
      await speaking;
      if (ends_program) await city.ended.then(() => city.start());
      else assert.ok(!city.down, `${what}: the program must go on by itself; ${city.said}`);
    }
    city.down = false;
    city.ended.then(() => (city.down = true));
    await Promise.all(undone([...all, ...people]).map((one) => one.speak()));
    assert.deepEqual(undone([...all, ...people]), []);
    assert.deepEqual(people.filter((one) => one.problem).map((one) => one.problem), []);
    await until('the journal has it all', async () => Number(sql('select count(*) from cases')) >= all.length + people.length);
    for (const client of all) {
      const { items: found } = await until(client.asset, () => city.must('GET', `/api/v1/assets/${client.asset}/history?point=ch4&from=${client.at}&to=${client.at + 1}`));
      assert.deepEqual(found.map((one) => one.value), [150], client.asset);
    }
    const [, verified] = /(\d+) alarms verified, 0 differ/.exec(city.run(['why', '--verify']));
    assert.ok(Number(verified) >= all.length, `only ${verified} whys`);  // more where a rule's waiting time has passed meanwhile
    assert.match(city.run(['audit', 'verify']), /the chain holds/);
    await city.kill('SIGTERM');
    assert.equal(sql('select count(*) from cases'), String(all.length + people.length), 'one case per event and per case opened by hand');
    assert.equal(sql("select count(distinct asset) from cases where asset <> ''"), String(all.length));
    assert.equal(sql("select count(distinct doc::json->>'title') from cases where origin like 'desk:%'"), String(people.length));
    assert.equal(sql("select count(*) from timeline where action = 'comment'"), String(people.length), 'each comment once');
    for (const person of people) assert.equal(sql(`select doc::json->>'title' from cases where key = '${person.no}'`), person.name, 'the answer named this case');
    assert.equal(sql("select count(*) from (select doc::json->>'asset' a, doc::json->>'rule' r from alarms group by 1, 2 having count(*) > 1) x"), '0', 'one episode a rule and asset');
    assert.ok(!existsSync(join(city.data, 'journal.db')), 'nothing of the journal is in the folder');
    console.log(`# ${kRounds} killings, ${all.length} events, ${all.reduce((sum, one) => sum + one.tries, 0)} messages, ${people.reduce((sum, one) => sum + one.tries, 0)} deeds tried`);
    await city.start();  // without a journal in the folder: it says where it is
  } finally {
    await city.stop();
  }
});

test('while the database is away readings are taken, people are told, and it goes on by itself', options, async () => {
  const store = new_schema();
  const city = await new City(['--store', store.url]).start();
  try {
    await city.lay_out();
    const tank = 'septic-500106-0001';
    assert.equal((await city.call('GET', '/readyz')).status, 200);
    pg_ctl('-m', 'immediate', 'stop');
    try {
      assert.equal((await city.call('POST', '/api/v1/readings', { asset: tank, values: { ch4: 150 } })).status, 200, 'durable in the log');
      await until('it says so', async () => (await city.call('GET', '/readyz')).status === 503);
      const refused = await open_case(city, 'while it is away');
      assert.deepEqual([refused.status, refused.body.code], [503, 'server.not_ready'], JSON.stringify(refused.body));
      const list = await city.call('GET', '/api/v1/cases');
      assert.equal(list.status, 503, JSON.stringify(list.body));
      assert.equal((await city.call('POST', '/api/v1/readings', { asset: tank, values: { ch4: 151 } })).status, 200);
    } finally {
      pg_ctl('start');
    }
    await until('the case', async () => (await city.must('GET', '/api/v1/cases')).items.length === 1);
    assert.equal((await city.call('GET', '/readyz')).status, 200);
    assert.equal((await open_case(city, 'it is back')).status, 201);
    assert.equal(psql('SELECT count(*) FROM cases', store.url), '2');
  } finally {
    await city.stop();
  }
});

test('a second server is kept out, another folder is refused, and whoever lost the journal ends', options, async () => {
  const store = new_schema();
  const first = await new City(['--store', store.url]).start();
  const other = new City(['--store', store.url]), heir = new City();
  let thawed = true;
  try {
    await first.lay_out();
    assert.equal((await open_case(first, 'of the first')).status, 201);
    assert.match(await fails_to_start(other), /ended with 4: .*another server writes to this journal: backend \d+/s);
    // The machine of the first one freezes, its connection breaks, and a copy of its folder takes over elsewhere.
    await first.must('POST', '/api/v1/readings', { asset: 'septic-500106-0001', values: { ch4: 1 } });
    await sleep(300);
    first.child.kill('SIGSTOP');
    thawed = false;
    rmSync(heir.data, { recursive: true });
    cpSync(first.data, heir.data, { recursive: true, filter: (path) => !path.endsWith('control.sock') && !path.endsWith('/lock') });
    process.kill(writer(store), 'SIGTERM');
    await heir.start();
    heir.admin = first.admin;
    const cases = (await heir.must('GET', '/api/v1/cases')).items;
    assert.deepEqual(cases.map((one) => one.title), ['of the first']);
    assert.equal((await open_case(heir, 'of the heir')).status, 201);
    first.child.kill('SIGCONT');
    thawed = true;
    void open_case(first, 'too late').catch(() => undefined);
    const { code, said } = await ends(first);
    assert.equal(code, 3, said);
    assert.match(said, /another server has taken the journal over/);
    assert.deepEqual((await heir.must('GET', '/api/v1/cases')).items.map((one) => one.title).sort(), ['of the first', 'of the heir']);
    assert.match(await fails_to_start(first), /ended with 4/);
    await heir.kill('SIGTERM');
    assert.match(await fails_to_start(other), /ended with 2: .*the journal of another data folder/s);
  } finally {
    if (!thawed) first.child.kill('SIGCONT');
    for (const city of [first, heir, other]) {
      city.child?.kill('SIGKILL');
      rmSync(city.data, { recursive: true, force: true });
    }
  }
});

test('a backup holds the journal as a file, and is restored into a folder or into another database', options, async () => {
  const store = new_schema(), target = new_schema();
  const secret = 'Geheim-4711';
  const city = await new City(['--store', store.url.replace('city@', `city:${secret}@`)]).start();
  const to = `${city.data}-backup`;
  const file = new City(), database = new City(['--store', target.url]);
  const restored = [file, database];
  try {
    await city.lay_out();
    await city.must('POST', '/api/v1/readings', { asset: 'septic-500106-0001', values: { ch4: 150 } });
    assert.equal((await open_case(city, '化粪池盖板松动')).status, 201);
    await until('both', async () => (await city.must('GET', '/api/v1/cases')).items.length === 2);
    const list = (answer) => answer.items.map(({ no, title, stage, rev }) => ({ no, title, stage, rev }));
    const cases = list(await city.must('GET', '/api/v1/cases'));
    for (const name of ['store.json', 'logs/cityloop.log']) assert.ok(!readFileSync(join(city.data, name), 'utf8').includes(secret), `${name} holds the password`);
    city.run(['backup', '--to', to]);
    assert.ok(existsSync(join(to, 'journal.db')));
    for (const copy of restored) {
      rmSync(copy.data, { recursive: true });
      const done = spawnSync(program, ['restore', '--from', to, '--data', copy.data, ...copy.args], { encoding: 'utf8' });
      assert.equal(done.status, 0, done.stderr);
      copy.admin = city.admin;
      copy.args = [];  // the folder knows
      await copy.start();
      assert.deepEqual(list(await copy.must('GET', '/api/v1/cases')), cases);
      assert.match(copy.run(['audit', 'verify']), /the chain holds/);
      assert.equal((await open_case(copy, 'goes on')).status, 201);
      assert.equal(existsSync(join(copy.data, 'journal.db')), copy === file);
    }
    assert.equal(psql('SELECT count(*) FROM cases', target.url), '3');
    assert.equal(psql('SELECT count(*) FROM cases', store.url), '2');
    const again = spawnSync(program, ['restore', '--from', to, '--data', `${to}-x`, '--store', target.url], { encoding: 'utf8' });
    assert.equal(again.status, 1);
    await file.kill('SIGTERM');
    file.args = ['--store', target.url];
    assert.match(await fails_to_start(file), /keeps its journal in journal.db/);
    // The database alone set back behind the folder's checkpoint: nothing is served from half a city.
    await city.kill('SIGTERM');
    psql('UPDATE meta SET turn = 1', store.url);
    assert.match(await fails_to_start(city), /ended with 3: .*bring back folder and database from one backup/s);
  } finally {
    for (const each of [city, ...restored]) {
      each.child?.kill('SIGKILL');
      rmSync(each.data, { recursive: true, force: true });
    }
    for (const end of ['', '-x', '-x.part']) rmSync(to + end, { recursive: true, force: true });
  }
});
