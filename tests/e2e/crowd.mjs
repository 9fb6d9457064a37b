// SPDX-License-Identifier: Apache-2.0
// Devices and people who do not give up: each says the same until it is answered. For tests that kill what they talk to.
import { iso, sleep } from './city.mjs';
import { Mqtt } from './mqtt.mjs';

export const asset_of = (round, client) => `septic-r${round}-c${client}`;

export class Client {
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

// Opens a case by hand and comments on it, each until it is answered.
export class Person {
  constructor(city, round, number) {
    Object.assign(this, { city, name: `p-${round}-${number}`, tries: 0 });
  }

  get is_done() { return this.commented === true || this.problem !== undefined; }

  async speak() {
    while (!this.is_done && !this.city.down) {
      this.tries += 1;
      await (this.no ? this.comment() : this.open()).catch(() => sleep(5));
    }
  }

  async open() {
    const body = { title: this.name, class: { scheme: 'GB2013', type: 'event', code: '0101' }, location: { type: 'Point', coordinates: [106.45, 29.54] } };
    const answer = await this.city.call('POST', '/api/v1/cases', body, undefined, { 'idempotency-key': `open-${this.name}` });
    if (answer.status === 201) this.no = answer.body.no;
    else if (answer.status === 503) await sleep(10);
    else this.problem = answer.body;
  }

  async comment() {
    const { rev } = await this.city.must('GET', `/api/v1/cases/${this.no}`);
    const answer = await this.city.call('POST', `/api/v1/cases/${this.no}/actions`, { action: 'comment', comment: this.name }, undefined, { 'if-match': `"${rev}"`, 'idempotency-key': `comment-${this.name}` });
    if (answer.status === 200) this.commented = true;
    else if (![412, 503].includes(answer.status)) this.problem = answer.body;
  }
}

export const undone = (all) => all.filter((one) => (one instanceof Person ? !one.is_done : one.answered.length < 2));
