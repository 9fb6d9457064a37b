// SPDX-License-Identifier: Apache-2.0
// Bytes to the HTTP door as they are, and what /metrics says of refusals.
import assert from 'node:assert/strict';
import { connect } from 'node:net';

// Sends the pieces, waiting `pause` ms between them, and gives what came until the server closed; `until` ends it earlier.
export function raw(city, pieces, { pause = 0, ms = 30000, until } = {}) {
  const [host, port] = new URL(city.http).host.split(':');
  return new Promise((done, fail) => {
    const socket = connect(Number(port), host);
    let text = '', timer;
    const limit = setTimeout(() => end(new Error(`no end within ${ms} ms after: ${text.slice(0, 200)}`)), ms);
    const end = (problem) => {
      clearTimeout(limit);
      clearTimeout(timer);
      socket.destroy();
      if (problem) fail(problem);
      else done(text);
    };
    const list = Array.isArray(pieces) ? [...pieces] : [pieces];
    const send = () => {
      const piece = list.shift();
      if (piece === undefined || socket.destroyed) return;
      socket.write(piece);
      if (list.length) timer = setTimeout(send, pause);
    };
    socket.setEncoding('latin1');
    socket.on('connect', send);
    socket.on('data', (piece) => {
      text += piece;
      if (until && text.includes(until)) end();
    });
    socket.on('error', () => {});  // a reset after the answer is no news
    socket.on('close', () => end());
  });
}

export const status_of = (text) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);
export const code_of = (text) => /"code":"([^"]+)"/.exec(text)?.[1];

export async function metrics(city) {
  const text = await (await fetch(`${city.http}/metrics`)).text();
  return new Map(text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => {
    const at = line.lastIndexOf(' ');
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

// Runs `work` and sees that each of these rose: {'cityloop_http_problems_total{code="not_found"}': 1}.
export async function rises(city, wanted, work) {
  const before = await metrics(city);
  const found = await work();
  const after = await metrics(city);
  for (const [name, by] of Object.entries(wanted)) {
    assert.ok(after.has(name), `/metrics has no ${name}`);
    assert.ok(after.get(name) - before.get(name) >= by, `${name} rose by ${after.get(name) - before.get(name)}, not by ${by}`);
  }
  return found;
}

export const http_problem = (code) => `cityloop_http_problems_total{code="${code}"}`;
export const mqtt_problem = (reason) => `cityloop_mqtt_problems_total{code="0x${reason.toString(16).toUpperCase()}"}`;
export const quarantined = (code) => `cityloop_quarantined_total{code="${code}"}`;
