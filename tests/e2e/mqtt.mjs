// SPDX-License-Identifier: Apache-2.0
// A bare MQTT client for tests, 3.1.1 and 5: packets as bytes, so that broken ones can be sent too (OASIS MQTT 3.1.1, 5.0).
import { connect } from 'node:net';

const utf8 = (text) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};

function length_of(size) {
  const out = [];
  do {
    out.push((size & 127) | (size > 127 ? 128 : 0));
    size >>= 7;
  } while (size > 0);
  return Buffer.from(out);
}

export const packet = (head, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([head]), length_of(body.length), body]);
};

export const kinds = { connack: 2, publish: 3, puback: 4, pubrec: 5, pubrel: 6, pubcomp: 7, suback: 9, pingresp: 13, disconnect: 14 };

export class Mqtt {
  constructor(host, port, { version = 5, over } = {}) {
    this.version = version;
    this.socket = over ?? connect(Number(port), host);
    this.socket.setNoDelay(true);
    this.waiting = [];
    this.seen = [];
    this.id = 0;
    this.closed = new Promise((done) => this.socket.once('close', () => {
      this.ended = true;
      for (const one of this.waiting.splice(0)) one.fail(new Error('the connection was closed'));
      done();
    }));
    this.socket.on('error', () => {});
    let rest = Buffer.alloc(0);
    this.socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (;;) {
        let size = 0, at = 1, shift = 0;
        for (; at < rest.length; at += 1, shift += 7) {
          size |= (rest[at] & 127) << shift;
          if ((rest[at] & 128) === 0) break;
        }
        if (at >= rest.length || rest.length < at + 1 + size) return;
        this.take(rest[0], rest.subarray(at + 1, at + 1 + size));
        rest = rest.subarray(at + 1 + size);
      }
    });
  }

  take(head, body) {
    const one = { kind: head >> 4, flags: head & 15, body };
    if (one.kind === kinds.publish) {
      const size = body.readUInt16BE(0);
      one.topic = body.subarray(2, 2 + size).toString();
      const qos = (head >> 1) & 3;
      let at = 2 + size;
      if (qos > 0) {
        one.id = body.readUInt16BE(at);
        at += 2;
        this.send(packet(0x40, body.subarray(at - 2, at)));
      }
      if (this.version === 5) at += 1 + body[at];
      one.payload = body.subarray(at).toString();
    } else if ([kinds.puback, kinds.pubrec, kinds.pubrel, kinds.pubcomp, kinds.suback].includes(one.kind)) {
      one.id = body.readUInt16BE(0);
      one.reason = one.kind === kinds.suback ? body[body.length - 1] : body[2] ?? 0;
    } else if (one.kind === kinds.connack) {
      one.reason = body[1];
    } else if (one.kind === kinds.disconnect) {
      one.reason = body[0] ?? 0;
    }
    const index = this.waiting.findIndex((wanted) => wanted.check(one));
    if (index < 0) return void this.seen.push(one);
    this.waiting.splice(index, 1)[0].done(one);
  }

  // The next packet (or one that came already) of this kind and id.
  next(kind, id, ms = 15000) {
    const check = (one) => one.kind === kind && (id === undefined || one.id === id);
    const index = this.seen.findIndex(check);
    if (index >= 0) return Promise.resolve(this.seen.splice(index, 1)[0]);
    if (this.ended) return Promise.reject(new Error('the connection was closed'));
    return new Promise((done, fail) => {
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((one) => one.check !== check);
        fail(new Error(`no packet of kind ${kind} within ${ms} ms`));
      }, ms);
      const settle = (then) => (value) => {
        clearTimeout(timer);
        then(value);
      };
      this.waiting.push({ check, done: settle(done), fail: settle(fail) });
    });
  }

  send(bytes) {
    if (!this.ended) this.socket.write(bytes);
  }

  connect_packet({ user, password, client = '', keep_alive = 60, clean = true, will, properties = [] }) {
    const five = this.version === 5;
    const flags = (user ? 0x80 : 0) | (password ? 0x40 : 0) | (clean ? 2 : 0) | (will ? 4 | ((will.qos ?? 1) << 3) : 0);
    return packet(0x10, utf8('MQTT'), Buffer.from([five ? 5 : 4, flags, keep_alive >> 8, keep_alive & 255]),
      five ? Buffer.concat([length_of(properties.length), Buffer.from(properties)]) : Buffer.alloc(0), utf8(client),
      will ? Buffer.concat([five ? Buffer.from([0]) : Buffer.alloc(0), utf8(will.topic), utf8(will.payload)]) : Buffer.alloc(0),
      user ? utf8(user) : Buffer.alloc(0), password ? utf8(password) : Buffer.alloc(0));
  }

  async connect(options) {
    this.send(this.connect_packet(options));
    return await this.next(kinds.connack);
  }

  publish_packet(topic, payload, qos, id, extra = 0) {
    return packet(0x30 | (qos << 1) | extra, utf8(topic), qos > 0 ? Buffer.from([id >> 8, id & 255]) : Buffer.alloc(0),
      this.version === 5 ? Buffer.from([0]) : Buffer.alloc(0), Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)));
  }

  next_id() {
    this.id = (this.id % 65535) + 1;
    return this.id;
  }

  // Resolves with the last acknowledgement: PUBACK of QoS 1, PUBCOMP of QoS 2, nothing of QoS 0.
  async publish(topic, payload, qos = 1) {
    const id = this.next_id();
    this.send(this.publish_packet(topic, payload, qos, id));
    if (qos === 0) return undefined;
    if (qos === 1) return await this.next(kinds.puback, id);
    const received = await this.next(kinds.pubrec, id);
    if (received.reason >= 0x80) return received;
    this.send(packet(0x62, Buffer.from([id >> 8, id & 255])));
    return await this.next(kinds.pubcomp, id);
  }

  async subscribe(filter, qos = 1) {
    const id = this.next_id();
    this.send(packet(0x82, Buffer.from([id >> 8, id & 255]), this.version === 5 ? Buffer.from([0]) : Buffer.alloc(0), utf8(filter), Buffer.from([qos])));
    return await this.next(kinds.suback, id);
  }

  end() {
    this.socket.destroy();
    return this.closed;
  }
}
