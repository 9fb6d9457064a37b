// SPDX-License-Identifier: Apache-2.0
// Bad MQTT through the real door: packets that are none, publishes and subscriptions that are not allowed, connections that are
// taken over, half-open or flooded, a will storm. Each has its reason code, is counted in /metrics, and the server goes on.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import test, { after, afterEach, before } from 'node:test';
import { City, iso, sleep, until } from './city.mjs';
import { Mqtt, kinds, packet } from './mqtt.mjs';
import { metrics, mqtt_problem, quarantined, rises } from './raw.mjs';

const tank = 'septic-500106-0001', topic = `city/v1/${tank}/readings`;
let city, credential;
before(async () => {
  city = await new City().start();
  await city.lay_out();
  const [, id, secret] = /id=(\S+) secret=(\S+)/.exec(city.run(['credential', 'gateway', '--assets', 'septic-500106-*']));
  credential = { user: id, password: secret };
});
after(async () => await city.stop());
afterEach(async () => {
  const device = await ready();
  assert.equal((await device.publish(topic, { values: { ch4: 1 } })).reason, 0, 'the server goes on');
  await device.end();
  assert.equal((await metrics(city)).get('cityloop_mqtt_problems_total{code="other"}'), 0);
});

const open = (version = 5) => new Mqtt(city.mqtt_host, city.mqtt_port, { version });
async function ready(options = {}, version = 5) {
  const device = open(version);
  assert.equal((await device.connect({ ...credential, ...options })).reason, 0);
  return device;
}
const text = (value) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)]);
const bytes = (...list) => Buffer.from(list);

// Sent by a connected device, this ends its connection: version 5 hears the reason, 3.1.1 only the end; both are counted.
async function ends(reason, packets, what) {
  for (const version of [5, 4]) {
    await rises(city, { [mqtt_problem(reason)]: 1 }, async () => {
      const device = await ready({}, version);
      for (const one of [packets(version)].flat()) device.send(one);
      if (version === 5) assert.equal((await device.next(kinds.disconnect)).reason, reason, what);
      await device.closed;
    });
  }
}

// A first packet that is answered with this CONNACK, or with the end alone (`silent`).
async function refused_connect(reason, first, version = 5, code = reason) {
  await rises(city, { [mqtt_problem(reason)]: 1 }, async () => {
    const device = open(version);
    device.send(first(device));
    if (code !== 'silent') assert.equal((await device.next(kinds.connack)).reason, code);
    await device.closed;
  });
}

test('a first packet that is none', async () => {
  const silent = (reason, first) => refused_connect(reason, () => first, 5, 'silent');
  await silent(0x81, bytes(0x10, 0xff, 0xff, 0xff, 0xff, 0xff));
  await silent(0x81, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  await silent(0x81, bytes(0x16, 0x03, 0x01, 0x02, 0x00));
  await silent(0x81, packet(0x1f, text('MQTT')));
  await silent(0x95, bytes(0x10, 0xff, 0xff, 0x7f));
  await silent(0x82, packet(0x30, text(topic), bytes(0)));
  await silent(0x82, bytes(0xc0, 0));
  await silent(0x81, packet(0x10, text('MQTT'), bytes(5, 0x03, 0, 60, 0), text('x')));       // a reserved flag
  await silent(0x81, packet(0x10, text('MQTT'), bytes(5, 0x1a, 0, 60, 0), text('x')));       // QoS of a will that is none
  await silent(0x81, packet(0x10, text('MQTT'), bytes(5, 0x02, 0, 60, 0), bytes(0, 9, 0x78)));  // text longer than the packet
  await silent(0x81, packet(0x10, text('MQTT'), bytes(5, 0x02, 0, 60, 0), text('a\u0000b')));
});

test('a connect that is refused: protocol, client id, password, will, lock-out', async () => {
  await refused_connect(0x84, () => packet(0x10, text('MQTT'), bytes(9, 2, 0, 60, 0), text('x')), 5, 0x01);
  await refused_connect(0x84, () => packet(0x10, text('MQTT'), bytes(3, 2, 0, 60), text('x')), 4, 0x01);
  await refused_connect(0x84, () => packet(0x10, text('MQIsdp'), bytes(3, 2, 0, 60), text('x')), 4, 0x01);
  await refused_connect(0x85, (device) => device.connect_packet({ ...credential, client: '', clean: false }), 4, 0x02);
  await refused_connect(0x85, (device) => device.connect_packet({ ...credential, client: 'x'.repeat(300) }));
  await refused_connect(0x86, (device) => device.connect_packet({ user: 'nobody', password: 'x' }));
  await refused_connect(0x86, (device) => device.connect_packet({ ...credential, password: 'wrong' }));
  await refused_connect(0x86, (device) => device.connect_packet({}));
  await refused_connect(0x86, (device) => device.connect_packet({ ...credential, password: 'wrong' }), 4, 0x05);
  await refused_connect(0x90, (device) => device.connect_packet({ ...credential, will: { topic: 'city/v1/septic-500112-0001/readings', payload: 'x' } }));
  for (let i = 0; i < 5; i += 1) await refused_connect(0x86, (device) => device.connect_packet({ user: 'guessed', password: `try ${i}` }));
  await refused_connect(0x8a, (device) => device.connect_packet({ user: 'guessed', password: 'one more' }));
  const nameless = open();
  assert.equal((await nameless.connect(credential)).reason, 0, 'version 5 gets a client id from us');
  await nameless.end();
});

test('packets that end the connection', async () => {
  const five = (version) => (version === 5 ? bytes(0) : Buffer.alloc(0));
  await ends(0x81, (v) => packet(0x36, text(topic), bytes(0, 1), five(v), Buffer.from('{}')), 'QoS 3');
  await ends(0x82, (v) => packet(0x32, text(topic), bytes(0, 0), five(v), Buffer.from('{}')), 'packet id 0');
  for (const bad of ['city/v1/+/readings', 'city/#', '#']) await ends(0x90, (v) => packet(0x32, text(bad), bytes(0, 1), five(v), Buffer.from('{}')), bad);
  await ends(0x81, (v) => packet(0x32, text('city/v1/\u0000/readings'), bytes(0, 1), five(v)), 'NUL');
  await ends(0x81, (v) => packet(0x32, bytes(0, 4, 0xff, 0xfe, 0xff, 0xfe), bytes(0, 1), five(v)), 'not UTF-8');
  await ends(0x82, () => open().connect_packet(credential), 'a second CONNECT');
  await ends(0x81, () => packet(0x80, bytes(0, 1), text('x'), bytes(0)), 'reserved flags');
  await ends(0x82, (v) => packet(0x82, bytes(0, 1), five(v)), 'no filter');
  await ends(0x95, () => bytes(0x30, 0xff, 0xff, 0xff, 0x7f), 'oversized');
  await ends(0x81, () => bytes(0xc0, 1, 0), 'a PINGREQ with a body');
  await ends(0x81, () => bytes(0x00, 0), 'no such packet');
  await ends(0x81, () => bytes(0x30, 0x80, 0x80, 0x80, 0x80, 0x01), 'a length of five bytes');
  const alias = await ready();
  await rises(city, { [mqtt_problem(0x94)]: 1 }, async () => {
    alias.send(packet(0x32, text(topic), bytes(0, 1, 3, 0x23, 0xff, 0xff), Buffer.from('{}')));
    assert.equal((await alias.next(kinds.disconnect)).reason, 0x94);
  });
});

test('publishes and subscriptions that are refused, and what is quarantined', async () => {
  const device = await ready();
  const told = async (reason, work, more = {}) => assert.equal((await rises(city, { [mqtt_problem(reason)]: 1, ...more }, work)).reason, reason);
  for (const qos of [1, 2]) {
    await told(0x87, () => device.publish('city/v1/septic-500112-0001/readings', { values: { ch4: 1 } }, qos));
    await told(0x90, () => device.publish('elsewhere/x', 'x', qos));
    await told(0x87, () => device.publish(`city/v1/${tank}/secrets`, 'x', qos));
    await told(0x99, () => device.publish(topic, '{"values":', qos), { [quarantined('json.malformed')]: 1 });
    await told(0x99, () => device.publish(topic, '{"values":{"ch4":NaN}}', qos), { [quarantined('reading.not_a_number')]: 1 });
    await told(0x99, () => device.publish(topic, '['.repeat(3000), qos), { [quarantined('json.too_deep')]: 1 });
    await told(0x99, () => device.publish(topic, { values: { gold: 1 } }, qos), { [quarantined('reading.unknown_point')]: 1 });
    await told(0x99, () => device.publish(topic, { values: { ch4: -50 } }, qos), { [quarantined('reading.out_of_range')]: 1 });
    await told(0x99, () => device.publish(topic, { at: iso(Date.now() + 3600000), values: { ch4: 1 } }, qos), { [quarantined('reading.in_future')]: 1 });
    await told(0x99, () => device.publish(topic, { at: '2001-01-01T00:00:00Z', values: { ch4: 1 } }, qos), { [quarantined('reading.too_old')]: 1 });
    await told(0x99, () => device.publish('city/v1/septic-500106-9999/readings', { values: { ch4: 1 } }, qos), { [quarantined('reading.unknown_asset')]: 1 });
    await told(0x99, () => device.publish(`city/v1/${tank}/records`, { kind: 'nothing', id: 'x' }, qos), { [quarantined('record.unknown_kind')]: 1 });
  }
  await rises(city, { [quarantined('reading.out_of_range')]: 1 }, async () => {
    await device.publish(topic, { values: { ch4: -50 } }, 0);
    await device.publish(topic, { values: { ch4: 1 } }, 1);
  });
  for (const filter of ['#', 'city/v1/#', `city/v1/${tank}/readings`, 'city/v1/septic-500112-0001/commands']) await told(0x87, () => device.subscribe(filter));
  await told(0x9e, () => device.subscribe('$share/x/city/v1/+/commands'));
  await rises(city, { [mqtt_problem(0x92)]: 1 }, async () => {
    device.send(packet(0x62, bytes(0x12, 0x34)));
    await device.next(kinds.pubcomp);
  });
  await device.end();
  // 3.1.1 has no way to be told of a topic that is not one's own but the end; bad payloads are quarantined and acknowledged.
  const old = await ready({}, 4);
  await rises(city, { [quarantined('json.malformed')]: 1 }, () => old.publish(topic, '{"values":'));
  await rises(city, { [mqtt_problem(0x87)]: 1 }, () => assert.rejects(old.publish('city/v1/septic-500112-0001/readings', 'x')));
});

test('the same client id takes the older connection over', async () => {
  const first = await ready({ client: 'twin' });
  await rises(city, { [mqtt_problem(0x8e)]: 1 }, async () => {
    const second = await ready({ client: 'twin' });
    assert.equal((await first.next(kinds.disconnect)).reason, 0x8e);
    await first.closed;
    assert.equal((await second.publish(topic, { values: { ch4: 1 } })).reason, 0);
    await second.end();
  });
});

test('half-open connections are let go, a silent one is told by its keep-alive, and a slow one is heard', async () => {
  await rises(city, { [mqtt_problem(0x8d)]: 22 }, async () => {
    const mute = Array.from({ length: 20 }, () => open());
    const half = open();
    half.send(bytes(0x10, 0x20, 0x00));
    const silent = await ready({ keep_alive: 1 });
    const slow = await ready();
    const whole = slow.publish_packet(topic, { values: { ch4: 1 } }, 1, 0x77);
    for (const byte of whole) {
      slow.send(bytes(byte));
      await sleep(5);
    }
    assert.equal((await slow.next(kinds.puback, 0x77)).reason, 0);
    assert.equal((await silent.next(kinds.disconnect, undefined, 20000)).reason, 0x8d);
    await Promise.all([...mute, half].map((device) => device.closed));
    await slow.end();
  });
});

test('a will storm: 300 gateways go at once', async () => {
  const gateways = [];
  for (let i = 0; i < 300; i += 1) {
    const made = await city.must('POST', '/api/v1/credentials', { name: `storm-${i}`, assets: [`septic-500106-${1000 + i}`] });
    gateways.push({ user: made.id, password: made.secret, will: { topic: `city/v1/${made.id}/status`, payload: 'gone' } });
  }
  const devices = await Promise.all(gateways.map((gateway) => ready(gateway)));
  await rises(city, { cityloop_mqtt_wills_total: 300 }, async () => {
    for (const device of devices) device.socket.resetAndDestroy();
    const probe = await ready();
    for (let i = 0; i < 20; i += 1) assert.equal((await probe.publish(topic, { at: iso(Date.now()), values: { ch4: 1 } })).reason, 0);
    await probe.end();
    await until('every will is told', async () => (await metrics(city)).get('cityloop_mqtt_wills_total') >= 300);
  });
});

test('a flood of connections that never speak leaves the others alone', async () => {
  const flood = Array.from({ length: 400 }, () => connect(Number(city.mqtt_port), city.mqtt_host).on('error', () => {}));
  const device = await ready();
  for (let i = 0; i < 50; i += 1) assert.equal((await device.publish(topic, { at: iso(Date.now() - i), values: { ch4: 1 } })).reason, 0);
  await device.end();
  for (const one of flood) one.destroy();
});
