// SPDX-License-Identifier: Apache-2.0
// The live contract (web.md §4) of the pretended server: ticket, hello, sub, events with seq, resume, reset, kpi, pings.
import { WebSocketServer } from 'ws';

export function make_live(world) {
  const sockets = new Set();
  const log = [];
  const live = { epoch: 'mock-1', heartbeat: 10_000, sockets, tickets: new Set(), asset_state: () => ({}) };

  const send = (client, message) => client.readyState === 1 && client.send(JSON.stringify(message));

  // Every event goes to the log and to who subscribed to its topic. `skip` loses it on the way, for tests of gaps.
  live.event = (k, ids, d, { skip = false, src } = {}) => {
    const now = Date.now();
    world.seq += 1;
    const message = { t: 'ev', seq: world.seq, k, ids, d, ts: { src: src ?? now - 40, in: now, out: now } };
    log.push(message);
    if (!skip) for (const client of sockets) if (client.topics.has(k.split('.')[0])) send(client, message);
    return message;
  };
  live.reset = (why = 'retention') => {
    for (const client of sockets) send(client, { t: 'reset', why });
  };
  live.restart = () => {
    live.epoch = `mock-${Math.random()}`;
    for (const client of sockets) client.terminate();
  };
  live.drop = () => {
    for (const client of sockets) client.terminate();
  };

  function hear(client, message) {
    if (message.t === 'hello') {
      if (!live.tickets.delete(message.ticket)) return client.close(4401, 'ticket');
      client.hello = true;
      sockets.add(client);
      send(client, { t: 'welcome', epoch: live.epoch, seq: world.seq, now: Date.now(), hb: live.heartbeat, window: 256, keep: 300 });
      if (message.resume && message.resume.epoch === live.epoch) send(client, { t: 'resumed', from: message.resume.seq, to: world.seq });
      else if (message.resume) send(client, { t: 'reset', why: 'epoch' });
    } else if (message.t === 'sub') {
      client.topics.set(message.topic, message.id);
      if (message.from !== undefined) for (const event of log) if (event.seq > message.from && event.k.startsWith(`${message.topic}.`)) send(client, event);
    } else if (message.t === 'unsub') {
      for (const [topic, id] of client.topics) if (id === message.id) client.topics.delete(topic);
    }
  }

  live.attach = (server) => {
    const sockets_server = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      if (live.refuse || !request.url.startsWith('/api/v1/live')) return socket.destroy();
      sockets_server.handleUpgrade(request, socket, head, (client) => {
        client.topics = new Map();
        client.on('message', (data) => hear(client, JSON.parse(String(data))));
        client.on('close', () => sockets.delete(client));
      });
    });
  };

  live.kpi = () => {
    const rows = [...world.alarms.values()].filter((one) => one.state === 'firing');
    const of = (level) => rows.filter((one) => one.level === level).length;
    return { alarms: { red: of('red'), orange: of('orange'), yellow: of('yellow'), blue: of('blue'), unacknowledged: [...world.alarms.values()].filter((one) => !one.acknowledged).length }, cases: { open: world.cases.size, today: 41, closed_today: 38 }, readings_per_s: 412, readings_total: 320_145_900 + world.seq, now: Date.now() };
  };
  let n = 0;
  const ticking = setInterval(() => {
    n += 1;
    for (const client of sockets) {
      if (n % 5 === 1) send(client, { t: 'ping', n, now: Date.now() });
      for (const [topic, id] of client.topics) {
        if (topic === 'kpi') send(client, { t: 'st', id, n, d: live.kpi() });
        if (topic.startsWith('obj:asset:')) send(client, { t: 'st', id, n, d: live.asset_state(topic.slice(10)) });
      }
    }
  }, 1000);
  ticking.unref();
  return live;
}
