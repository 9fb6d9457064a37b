// SPDX-License-Identifier: Apache-2.0
// A device is told to do something: in over HTTP, out over MQTT, its answer back, also across a kill of the program.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { City, sleep, until } from './city.mjs';
import { Mqtt, kinds } from './mqtt.mjs';

const tank = 'septic-500106-0001', path = `/api/v1/assets/${tank}/commands`;
let city, credential;
before(async () => {
  city = await new City().start();
  await city.lay_out();
  const [, id, secret] = /id=(\S+) secret=(\S+)/.exec(city.run(['credential', 'gateway', '--assets', 'septic-500106-*']));
  credential = { user: id, password: secret };
});
after(async () => await city.stop());

async function device(options = {}) {
  const one = new Mqtt(city.mqtt_host, city.mqtt_port, { version: 5 });
  assert.equal((await one.connect({ ...credential, ...options })).reason, 0);
  assert.equal((await one.subscribe(`city/v1/${tank}/commands`)).reason, 1);
  return one;
}
const shown = async (id) => (await city.must('GET', path)).items.find((one) => one.id === id);
const is = (id, state) => until(`${id} is ${state}`, async () => ((await shown(id)).state === state ? await shown(id) : undefined));

test('sent, acknowledged, answered', async () => {
  const tank_device = await device();
  const sent = await city.call('POST', path, { command: 'fan_on', arguments: { speed: 2 }, reason: 'ch4 is high' });
  assert.equal(sent.status, 202);
  const got = JSON.parse((await tank_device.next(kinds.publish)).payload);
  assert.deepEqual({ id: got.id, command: got.command, arguments: got.arguments }, { id: sent.body.id, command: 'fan_on', arguments: { speed: 2 } });
  assert.ok((await is(got.id, 'delivered')).delivered_at);
  assert.equal((await tank_device.publish(`city/v1/${tank}/results`, { id: got.id, status: 'done', detail: 'runs' })).reason, 0);
  const over = await is(got.id, 'done');
  assert.equal(over.detail, 'runs');
  assert.ok(over.answered_at);
  assert.equal((await tank_device.publish(`city/v1/${tank}/results`, { id: got.id, status: 'perhaps' })).reason, 0x99, 'no such status');
  assert.equal((await shown(got.id)).state, 'done');
  const audit = await city.must('GET', '/api/v1/audit?action=device.command');
  assert.ok(audit.items.some((one) => one.subject === tank));
  await tank_device.end();
});

test('kept while the device is away and the program is killed', async () => {
  const { id } = await city.must('POST', path, { command: 'valve_close' });
  assert.equal((await shown(id)).state, 'waiting');
  await city.kill();
  await city.start();
  const tank_device = await device();
  assert.equal(JSON.parse((await tank_device.next(kinds.publish)).payload).id, id);
  await is(id, 'delivered');
  await sleep(2500);
  assert.equal(tank_device.seen.filter((one) => one.kind === kinds.publish).length, 0, 'once taken it is not sent again');
  await tank_device.end();
});

test('what nobody takes expires; who may not is refused', async () => {
  const { id } = await city.must('POST', path, { command: 'fan_on', expires_in_s: 5 });
  assert.ok((await is(id, 'expired')).detail);
  const handler = city.token('hands', 'handler', '500106'), far = city.token('far', 'dispatcher', '500112');
  assert.equal((await city.call('POST', path, { command: 'fan_on' }, handler)).status, 403);
  assert.equal((await city.call('POST', path, { command: 'fan_on' }, far)).body.code, 'auth.foreign_area');
  assert.equal((await city.call('GET', path, undefined, far)).body.code, 'auth.foreign_area');
  assert.equal((await city.call('POST', path, { command: 'two words' })).status, 422);
  assert.equal((await city.call('POST', '/api/v1/assets/none/commands', { command: 'fan_on' })).status, 404);
});
