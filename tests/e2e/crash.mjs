// SPDX-License-Identifier: Apache-2.0
// 64 clients, half over MQTT and half over HTTP, each with an event of its own, and four people at the desk, while the program is
// killed at its first sync, its second, its third, … Whoever was not answered sends again: devices through the other door, people
// with the same Idempotency-Key. At the end, by SQL on the stopped store: one case and one alarm for each event, each deed of a
// person once, and every acknowledged reading in history. CRASH_ROUNDS sets how many kills (24). Where strace may not inject, or
// with CRASH_BY=time, the kills come at moments drawn from a seed instead.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { City, until } from './city.mjs';
import { asset_of, Client, Person, undone } from './crowd.mjs';

const by_sync = process.env.CRASH_BY !== 'time' && spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
const kRounds = Number(process.env.CRASH_ROUNDS ?? 24);
const kClients = 64;
const kPeople = 4;

const sql = (city, query) => spawnSync('sqlite3', [join(city.data, 'journal.db'), query], { encoding: 'utf8' }).stdout.trim();
async function run_until_dead(city, clients) {
  city.down = false;
  city.ended.then(() => (city.down = true));
  await Promise.all(clients.map((client) => client.speak()));
}

// Park and Miller, so that a failure comes again.
let seed = Number(process.env.CITYLOOP_SEED ?? 7);
const drawn = () => (seed = (seed * 48271) % 2147483647) / 2147483647;

test(`${kClients} clients, killed at ${kRounds} places: one case per event, nothing acknowledged is lost`, async () => {
  const city = await new City().start();
  try {
    await city.lay_out();
    const features = [];
    for (let round = 1; round <= kRounds; round += 1)
      for (let client = 0; client < kClients; client += 1)
        features.push({ type: 'Feature', id: asset_of(round, client), geometry: { type: 'Point', coordinates: [106.45, 29.54] }, properties: { kind: 'septic_tank', name: 'x' } });
    assert.equal((await city.must('POST', '/api/v1/assets:import', { type: 'FeatureCollection', features })).created, features.length);
    const [, id, secret] = /id=(\S+) secret=(\S+)/.exec(city.run(['credential', 'gateway', '--assets', 'septic-*']));
    await city.kill();
    let kills = 0;
    const all = [], people = [];
    for (let round = 1; round <= kRounds; round += 1) {
      if (by_sync) city.wrapper = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync', '-e', `inject=fdatasync:signal=SIGKILL:when=${round}`];
      for (let client = 0; client < kClients; client += 1) all.push(new Client(city, { id, secret }, round, client));
      for (let person = 0; person < kPeople; person += 1) people.push(new Person(city, round, person));
      const began = await city.start().then(() => true, () => false);
      if (began) {
        const end = by_sync ? undefined : setTimeout(() => city.child.kill('SIGKILL'), drawn() * 400);
        await run_until_dead(city, undone([...all, ...people]));
        clearTimeout(end);
        if (!city.down) await city.kill();  // so late a sync never came
        else kills += 1;
      } else {
        kills += 1;
      }
    }
    assert.ok(kills >= Math.min(kRounds, 10), `only ${kills} kills at a sync`);
    city.wrapper = undefined;
    await city.start();
    await run_until_dead(city, undone([...all, ...people]));
    assert.deepEqual(undone([...all, ...people]), []);
    assert.deepEqual(people.filter((one) => one.problem).map((one) => one.problem), []);
    await until('the journal has it all', async () => (await city.must('GET', '/api/v1/cases?count=true&limit=1')).total >= all.length + people.length);
    for (const client of all) {
      // Thousands of questions from one caller: the limiter makes them wait now and then.
      const { items: found } = await until(client.asset, () => city.must('GET', `/api/v1/assets/${client.asset}/history?point=ch4&from=${client.at}&to=${client.at + 1}`));
      assert.deepEqual(found.map((one) => one.value), [150], client.asset);
    }
    await city.kill('SIGTERM');
    // A number given twice would have written one case over another.
    assert.equal(sql(city, 'select count(*) from cases'), String(all.length + people.length), 'one case per event and per case opened by hand');
    assert.equal(sql(city, "select count(distinct asset) from cases where asset <> ''"), String(all.length));
    assert.equal(sql(city, "select count(distinct json_extract(doc,'$.title')) from cases where origin like 'desk:%'"), String(people.length));
    assert.equal(sql(city, "select count(*) from timeline where action = 'comment'"), String(people.length), 'each comment once');
    for (const person of people) assert.equal(sql(city, `select json_extract(doc,'$.title') from cases where key = '${person.no}'`), person.name, 'the answer named this case');
    assert.equal(sql(city, "select count(*) from (select json_extract(doc,'$.asset') a, json_extract(doc,'$.rule') r, count(*) n from alarms group by a, r having n > 1)"), '0', 'one episode a rule and asset');
    console.log(`# ${kills} kills ${by_sync ? 'at a sync' : 'at drawn moments'}, ${all.length} events, ${all.reduce((sum, one) => sum + one.tries, 0)} messages, ${people.reduce((sum, one) => sum + one.tries, 0)} deeds tried`);
    await city.start();
  } finally {
    await city.stop();
  }
});
