// SPDX-License-Identifier: Apache-2.0
// 64 clients, half over MQTT and half over HTTP, each with an event of its own, while the program is killed at its first sync, its
// second, its third, … Whoever was not answered sends again, through the other door. At the end, by SQL on the stopped store: one
// case and one alarm for each event, and every acknowledged reading in history. CRASH_ROUNDS sets how many kills (24).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { City, iso, sleep, until } from './city.mjs';
import { Mqtt } from './mqtt.mjs';

const traceable = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
const kRounds = Number(process.env.CRASH_ROUNDS ?? 24);
const kClients = 64;

const sql = (city, query) => spawnSync('sqlite3', [join(city.data, 'journal.db'), query], { encoding: 'utf8' }).stdout.trim();
const asset_of = (round, client) => `septic-r${round}-c${client}`;

class Client {
  constructor(city, credential, round, number) {
    Object.assign(this, { city, credential, asset: asset_of(round, number), number, at: Date.now() - 30000, answered: [], tries: 0 });
  }

  // Says the same until it is acknowledged, then once more: a careless device.
  async speak() {
    while (this.answered.length < 2) {
      const values = { ch4: 150, h2s: 30 };
      const mqtt = (this.number + this.tries++) % 2 === 0;
      if (await (mqtt ? this.over_mqtt(values) : this.over_http(values)).catch(() => false)) this.answered.push(this.at);
      else if (this.city.down) return;
      else await sleep(5);
    }
  }

  async over_http(values) {
    const answer = await this.city.call('POST', '/api/v1/readings', { asset: this.asset, at: iso(this.at), values });
    return answer.status === 200;
  }

  async over_mqtt(values) {
    const device = new Mqtt(this.city.mqtt_host, this.city.mqtt_port);
    try {
      await device.connect({ user: this.credential.id, password: this.credential.secret, client: this.asset });
      return (await device.publish(`city/v1/${this.asset}/readings`, { at: iso(this.at), values })).reason === 0;
    } finally {
      device.end();
    }
  }
}

async function run_until_dead(city, clients) {
  city.down = false;
  city.ended.then(() => (city.down = true));
  await Promise.all(clients.map((client) => client.speak()));
}

test(`${kClients} clients, killed at ${kRounds} places: one case per event, nothing acknowledged is lost`, { skip: traceable ? false : 'strace may not inject here' }, async () => {
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
    const all = [];
    for (let round = 1; round <= kRounds; round += 1) {
      city.wrapper = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync', '-e', `inject=fdatasync:signal=SIGKILL:when=${round}`];
      for (let client = 0; client < kClients; client += 1) all.push(new Client(city, { id, secret }, round, client));
      const began = await city.start().then(() => true, () => false);
      if (began) {
        await run_until_dead(city, all.filter((client) => client.answered.length < 2));
        if (!city.down) await city.kill();  // so late a sync never came
        else kills += 1;
      } else {
        kills += 1;
      }
    }
    assert.ok(kills >= Math.min(kRounds, 10), `only ${kills} kills at a sync`);
    city.wrapper = undefined;
    await city.start();
    await run_until_dead(city, all.filter((client) => client.answered.length < 2));
    assert.equal(all.filter((client) => client.answered.length < 2).length, 0);
    await until('the journal has it all', async () => (await city.must('GET', '/api/v1/cases?count=true&limit=1')).total === all.length);
    for (const client of all.filter((_, i) => i % 7 === 0)) {
      const found = (await city.must('GET', `/api/v1/assets/${client.asset}/history?point=ch4&from=${client.at}&to=${client.at + 1}`)).items;
      assert.deepEqual(found.map((one) => one.value), [150], client.asset);
    }
    await city.kill('SIGTERM');
    assert.equal(sql(city, 'select count(*) from cases'), String(all.length), 'one case per event');
    assert.equal(sql(city, 'select count(*) from (select asset from cases group by asset having count(*) > 1)'), '0');
    assert.equal(sql(city, "select count(*) from (select json_extract(doc,'$.asset') a, json_extract(doc,'$.rule') r, count(*) n from alarms group by a, r having n > 1)"), '0', 'one episode a rule and asset');
    console.log(`# ${kills} kills at a sync, ${all.length} events, ${all.reduce((sum, one) => sum + one.tries, 0)} messages`);
    await city.start();
  } finally {
    await city.stop();
  }
});
