// SPDX-License-Identifier: Apache-2.0
// Measures the real program on loopback, peers in the same run, alternating; errors and losses first. A peer that is absent, a message
// that was acknowledged and is not there, an answer that was an error: the bench fails. With --write the table goes into docs/numbers.md, unless
// something failed.
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { launch, sign_in } from '../tests/e2e/browser.mjs';
import { City, root, sleep, until } from '../tests/e2e/city.mjs';

const kRounds = 3;
const words = process.argv.slice(2);
const option = (name, otherwise) => (words.includes(name) ? words[words.indexOf(name) + 1] : otherwise);
const kSeconds = Number(option('--seconds', 5));
const chosen = words.filter((word, i) => !word.startsWith('--') && words[i - 1] !== '--seconds');

const rows = [];
const problems = [];
function tell(what, figure, conditions) {
  rows.push([what, figure, conditions]);
  console.log(`${what.padEnd(58)} ${figure.padEnd(44)} ${conditions}`);
}
function must(holds, what) {
  if (holds) return;
  problems.push(what);
  console.log(`FAILED: ${what}`);
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];
const quantile = (values, q) => sorted(values)[Math.min(values.length - 1, Math.floor(q * values.length))];
const thousands = (value) => Math.round(value).toLocaleString('en-US');
const spread = (values) => `${thousands(median(values))} (${thousands(Math.min(...values))}–${thousands(Math.max(...values))})`;

const ticks = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);
function cpu_seconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}
const resident = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

function load(program, args) {
  const child = spawn(join(root, 'build/release/bench', program), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (bytes) => (out += bytes));
  return new Promise((done, fail) => child.once('exit', (code) => (code === 0 ? done(JSON.parse(out)) : fail(new Error(`${program} ended with ${code}: ${out}`)))));
}

async function metric(city, name) {
  const text = (await city.call('GET', '/metrics')).body;
  return Number(new RegExp(`^${name}(?:{[^}]*})? ([0-9.e+]+)$`, 'm').exec(text)?.[1] ?? NaN);
}

// One beside the other in the middle of the city, or wide over the map.
const close_by = (i) => [106.25 + (i % 500) * 0.0007, 29.45 + Math.floor((i % 250_000) / 500) * 0.0004];
const wide = (i) => [106 + (i % 200) * 0.012, 28.8 + Math.floor(i / 200) * 0.018];

async function new_city(assets, place = close_by, kind = 'septic_tank') {
  const city = await new City().start();
  city.admin = city.token('bench', 'admin');
  for (let from = 0; from < assets; from += 50_000) {
    const features = Array.from({ length: Math.min(50_000, assets - from) }, (_, k) => from + k).map((i) => ({
      type: 'Feature', id: `bench-${i}`, geometry: { type: 'Point', coordinates: place(i) },
      properties: { kind, name: `bench ${i}` },
    }));
    const answer = await city.must('POST', '/api/v1/assets:import', { type: 'FeatureCollection', features });
    must(answer.created === features.length, `assets: ${JSON.stringify(answer).slice(0, 200)}`);
  }
  return city;
}

function free_port() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

// Debian's Mosquitto as it comes: nothing is synced for an acknowledgement.
async function start_mosquitto() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-mosquitto-'));
  const port = await free_port();
  writeFileSync(join(folder, 'conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\nmax_queued_messages 0\n`);
  const child = spawn('mosquitto', ['-c', join(folder, 'conf')], { stdio: 'ignore' });
  await new Promise((done, fail) => {
    child.once('error', () => fail(new Error('the peer mosquitto is not there: install it')));
    setTimeout(done, 500);
  });
  return { port, pid: child.pid, stop: () => (child.kill(), rmSync(folder, { recursive: true, force: true })) };
}

const benches = {
  cases: load_cases,
  queue: load_queue,

  async bulk() {
    const city = await new_city(100_000);
    try {
      const rates = [], cpu = [], waits = [];
      for (let round = 0; round < kRounds; round += 1) {
        const before = cpu_seconds(city.child.pid), samples = await metric(city, 'cityloop_history_samples_total');
        const done = await load('http_load', ['--port', new URL(city.http).port, '--token', city.admin, '--assets', '100000', '--batch', '2000', '--connections', '4', '--seconds', String(kSeconds)]);
        must(done.errors === 0 && done.accepted === done.sent, `bulk: ${JSON.stringify(done)}`);
        const kept = await until('history', async () => (await metric(city, 'cityloop_history_samples_total')) - samples >= 2 * done.accepted).catch(() => false);
        must(kept, 'bulk: what was acknowledged is not in history');
        rates.push(done.per_second);
        cpu.push(((cpu_seconds(city.child.pid) - before) / done.accepted) * 1e6);
        waits.push(done.answer_ms_p99);
      }
      tell('HTTP bulk NDJSON, durable, rules running', `${spread(rates)} messages/s`, `100,000 assets, 2 values a message, batches of 2,000 on 4 connections; answer p99 ${median(waits).toFixed(0)} ms`);
      tell('… CPU of the server', `${median(cpu).toFixed(2)} µs a message`, 'all threads');
    } finally {
      await city.stop();
    }
  },

  async mqtt() {
    for (const [devices, window] of [[100, 20], [1000, 10], [5000, 2]]) {
      const ours = [], theirs = [], our_cpu = [], their_cpu = [], ack = [];
      const city = await new_city(devices);
      const broker = await start_mosquitto();
      try {
        const [, id, secret] = /id=(\S+) secret=(\S+)/.exec(city.run(['credential', 'bench', '--assets', 'bench-*']));
        const args = ['--devices', String(devices), '--window', String(window), '--seconds', String(kSeconds)];
        for (let round = 0, from = 0; round < kRounds; round += 1) {
          const before = cpu_seconds(city.child.pid), samples = await metric(city, 'cityloop_history_samples_total');
          const our = await load('mqtt_load', ['--port', city.mqtt_port, '--user', id, '--password', secret, '--from', String(from), ...args]);
          from = our.last_at;
          const kept = await until('history', async () => (await metric(city, 'cityloop_history_samples_total')) - samples >= 2 * our.acknowledged).catch(() => false);
          must(kept, 'MQTT: what was acknowledged is not in history');
          our_cpu.push(((cpu_seconds(city.child.pid) - before) / our.acknowledged) * 1e6);
          ours.push(our.per_second);
          ack.push(our.ack_ms_p99);
          const their_before = cpu_seconds(broker.pid);
          const their = await load('mqtt_load', ['--port', String(broker.port), ...args]);
          their_cpu.push(((cpu_seconds(broker.pid) - their_before) / their.acknowledged) * 1e6);
          theirs.push(their.per_second);
        }
        const ratio = median(ours) / median(theirs);
        tell(`MQTT QoS 1, ${thousands(devices)} devices, window ${window}, durable, rules running`, `${spread(ours)} messages/s`, `${median(our_cpu).toFixed(2)} µs CPU a message; acknowledged p99 ${median(ack).toFixed(0)} ms`);
        tell('… Mosquitto beside it, in memory, no subscriber', `${spread(theirs)} messages/s: ours is ${ratio.toFixed(2)} of it`, `${median(their_cpu).toFixed(2)} µs CPU a message`);
      } finally {
        broker.stop();
        await city.stop();
      }
    }
  },

  async socket() {
    const city = await new_city(12_000);
    try {
      const feed = await listen(city);
      const post = (values) => city.must('POST', '/api/v1/readings', values);
      const sent = new Map();
      const asset = (i) => `bench-${i}`;
      for (let i = 0; i < 500; i += 1) {
        const from = performance.now();
        sent.set(asset(i), from);
        void post({ asset: asset(i), values: { ch4: 150 } });
        await sleep(Math.max(0, 20 - (performance.now() - from)));
      }
      await until('500 alarms', async () => sent.size === [...sent.keys()].filter((id) => feed.heard.has(id)).length);
      const waits = [...sent].map(([id, from]) => feed.heard.get(id) - from);
      tell('alarm → socket at 50/s', `p50 ${quantile(waits, 0.5).toFixed(1)} ms, p99 ${quantile(waits, 0.99).toFixed(1)} ms`, '500 red alarms, each from its POST to its frame, disk sync and journal commit between');
      const burst = Array.from({ length: 10_000 }, (_, k) => 1000 + k);
      const from = performance.now();
      await post(burst.map((i) => ({ asset: asset(i), values: { ch4: 150 } })));
      await until('the burst', async () => burst.every((i) => feed.heard.has(asset(i))), 60_000);
      const late = burst.map((i) => feed.heard.get(asset(i)) - from);
      tell('… a burst of 10,000 in one request', `p50 ${quantile(late, 0.5).toFixed(0)} ms, p99 ${quantile(late, 0.99).toFixed(0)} ms`, '10,000 alarms and 10,000 cases');
      must(feed.reset === 0, 'the feed was reset');
      feed.close();
    } finally {
      await city.stop();
    }
  },

  async pixel() {
    const city = await new_city(20_000, wide);
    const browser = await launch();
    try {
      const password = 'Correct-Horse-1';
      city.run(['user', 'add', 'duty', '--role', 'shift_leader', '--area', '50'], `${password}\n`);
      const page = await sign_in(browser, city, 'duty', password);
      await page.goto(`${city.http}/screen/overview`);
      await sleep(5000);
      let going = true;
      let behind = 0, refused = 0;
      const began = performance.now();
      const flow = (async () => {  // 5,000 messages a second
        for (let at = Date.now() - 60_000, beat = 0; going; beat += 1) {
          const lines = Array.from({ length: 500 }, (_, k) => `{"asset":"bench-${(beat * 500 + k) % 20_000}","at":${at + beat},"values":{"ch4":${1 + (k % 50) / 10}}}`).join('\n');
          const answer = await city.call('POST', '/api/v1/readings', lines, city.admin, { 'content-type': 'application/x-ndjson' });
          if (answer.status === 200) behind += answer.body.accepted;
          else refused += 1;
          await sleep(Math.max(0, (beat + 1) * 100 - (performance.now() - began)));
        }
      })();
      await sleep(2000);
      const kAlarms = 60;
      for (let i = 0; i < kAlarms; i += 1) {
        await city.must('POST', '/api/v1/readings', { asset: `bench-${(i * 331 + 7) % 20_000}`, values: { ch4: 150 } });
        await sleep(500);
      }
      await sleep(3000);
      const rate = behind / ((performance.now() - began) / 1000);
      going = false;
      await flow;
      const seen = await page.evaluate(() => JSON.parse(JSON.stringify(window.__city.metrics)));
      must(refused === 0, `${refused} batches refused behind the page`);
      must(seen.alarm_to_pixel.n > kAlarms / 3, `only ${seen.alarm_to_pixel.n} of ${kAlarms} alarms had a pixel of their own to read back`);
      tell('alarm → pixel, read back', `p50 ${seen.alarm_to_pixel.p50?.toFixed(0)} ms, p99 ${seen.alarm_to_pixel.p99?.toFixed(0)} ms`, `${seen.alarm_to_pixel.n} red alarms, 20,000 points on the map, ${thousands(rate)} messages/s behind it, 1920×1080, ${seen.renderer || 'renderer unknown'}, browser on the same two cores`);
    } finally {
      await browser.close();
      await city.stop();
    }
  },

  async start() {
    for (const assets of [0, 100_000]) {
      const city = await new_city(assets);
      await city.kill('SIGTERM');
      const took = [];
      for (let round = 0; round < 7; round += 1) {
        const from = performance.now();
        await city.start();
        took.push(performance.now() - from);
        await city.kill('SIGTERM');
      }
      tell(assets === 0 ? 'start on an existing empty folder' : 'start with 100,000 assets', `${median(took).toFixed(0)} ms (${Math.min(...took).toFixed(0)}–${Math.max(...took).toFixed(0)})`, 'from exec to `ready`, after a clean stop');
      await city.start();
      await city.stop();
    }
  },

  async memory() {
    const city = await new_city(100_000);
    try {
      await sleep(1000);
      const size = () => `${Math.round(resident(city.child.pid) / 1048576)} MiB resident`;
      await sleep(15_000);
      tell('memory at 100,000 assets, nothing heard yet', size(), '15 s after the import');
      const args = ['--port', new URL(city.http).port, '--token', city.admin, '--assets', '100000', '--messages', '3000000', '--step', '30000', '--from', String(Date.now() - 900_000)];
      const done = await load('http_load', args);
      must(done.errors === 0 && done.accepted === 3_000_000, `memory: ${JSON.stringify(done)}`);
      const most = resident(city.child.pid);
      await sleep(15_000);
      tell('memory at 100,000 assets, each heard every 30 s for 15 minutes', size(), `${Math.round(most / 1048576)} MiB at the end of a load of ${thousands(done.per_second)} messages/s`);
      tell('checkpoint pause of the city, 100,000 assets', `${(1000 * (await metric(city, 'cityloop_checkpoint_pause_seconds_max'))).toFixed(0)} ms at most`,
        `${Math.round((await metric(city, 'cityloop_checkpoint_bytes')) / 1048576)} MiB of state, ${await metric(city, 'cityloop_checkpoints_total')} checkpoints`);
    } finally {
      await city.stop();
    }
  },
};

// What a client is told only when its case is in the journal, beside one-row transactions of PostgreSQL's own bench.
async function load_cases() {
  const server = process.env.CITYLOOP_POSTGRES;
  if (!server) throw new Error('the peer PostgreSQL is not there: bench/run starts it with tools/with-postgres');
  const psql = (query) => spawnSync('psql', [server, '-XAtqc', query], { encoding: 'utf8' }).stdout.trim();
  must(psql('SHOW synchronous_commit') === 'on' && psql('SHOW fsync') === 'on', 'PostgreSQL does not sync its commits');
  psql('CREATE SCHEMA bench; CREATE TABLE bench.cases (key text PRIMARY KEY, doc text NOT NULL, origin text UNIQUE, stage text); CREATE INDEX ON bench.cases (stage, key); CREATE SCHEMA city');
  const folder = mkdtempSync(join(tmpdir(), 'bench-postgres-'));
  const key = ":n || '-' || :client_id";
  const scripts = {
    one_row: `INSERT INTO bench.cases VALUES (${key}, repeat('x', 800), 'desk:' || ${key}, 'reported');`,
    // What a case that is opened by hand writes: five rows, in copies of the journal's own tables with their indexes.
    five_rows: `BEGIN;
INSERT INTO five.cases (key, doc, origin, stage, open, area, unit, handler, asset, class, class_type, urgency, pack, deadline, opened_at, changed_at, words) VALUES (${key}, repeat('x', 880), 'desk:' || ${key}, 'reported', 1, '500106', '', '', '', '0101', 'event', 'normal', '', :n, :n, :n, 'words of the case');
INSERT INTO five.timeline (key, doc, case_no, area, action, actor, at) VALUES (${key}, repeat('x', 208), ${key}, '500106', 'open', 'somebody', :n);
INSERT INTO five.events (key, doc, subject, kind, topic, area, at) VALUES (${key}, repeat('x', 1244), ${key}, 'case.new', 'case', '500106', :n);
INSERT INTO five.events (key, doc, subject, kind, topic, area, at) VALUES ('e' || ${key}, repeat('x', 57), ${key}, 'case.entry', 'case', '500106', :n);
INSERT INTO five.audit (key, doc, actor, action, subject, outcome, at) VALUES (${key}, repeat('x', 312), 'somebody', 'case.open', ${key}, 'ok', :n);
COMMIT;`,
  };
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), `\\set n random(1, 9000000000000000)\n${text}\n`);
  const peer = (name) => {
    const { stdout, stderr } = spawnSync('pgbench', ['-n', '-M', 'prepared', '-c', '64', '-j', '2', '-T', String(kSeconds), '-f', join(folder, name), server], { encoding: 'utf8' });
    const found = /tps = ([0-9.]+)/.exec(stdout);
    must(found && /number of failed transactions: 0 /.test(stdout), `pgbench: ${stderr.slice(0, 300)}`);
    return Number(found?.[1]);
  };
  const stores = [['journal in the folder (SQLite)', []], ['journal in PostgreSQL', ['--store', `${server}?options=-csearch_path%3Dcity`]]];
  const cities = [], rates = [[], []], waits = [[], []], cpu = [[], []], theirs = { one_row: [], five_rows: [] };
  try {
    for (const [, args] of stores) {
      const city = await new City(args).start();
      cities.push(city);
      city.tokens = Array.from({ length: 64 }, (_, i) => city.token(`bench-${i}`, 'acceptor'));
      city.accepted = 0;
    }
    psql('CREATE SCHEMA five; ' + ['cases', 'timeline', 'events', 'audit'].map((name) => `CREATE TABLE five.${name} (LIKE city.${name} INCLUDING ALL)`).join('; '));
    for (let round = 0; round < kRounds; round += 1) {
      for (const [i, city] of cities.entries()) {
        const before = cpu_seconds(city.child.pid);
        const done = await load('http_load', ['--cases', '--port', new URL(city.http).port, '--connections', '64', '--seconds', String(kSeconds), ...city.tokens.flatMap((token) => ['--token', token])]);
        must(done.errors === 0 && done.accepted === done.sent, `cases: ${JSON.stringify(done)}`);
        city.accepted += done.accepted;
        rates[i].push(done.per_second);
        waits[i].push(done.answer_ms_p99);
        cpu[i].push(((cpu_seconds(city.child.pid) - before) / done.accepted) * 1e6);
      }
      for (const name of Object.keys(scripts)) theirs[name].push(peer(name));
    }
    for (const [i, city] of cities.entries()) {
      await city.kill('SIGTERM');
      const count = 'select count(*) from cases';
      const kept = i === 0 ? spawnSync('sqlite3', [join(city.data, 'journal.db'), count], { encoding: 'utf8' }).stdout.trim() : psql(`set search_path = city; ${count}`);
      must(Number(kept) === city.accepted, `${stores[i][0]}: ${city.accepted} cases acknowledged, ${kept} kept`);
      const of = (name) => (median(rates[i]) / median(theirs[name])).toFixed(2);
      tell(`cases opened by 64 clients, ${stores[i][0]}`, `${spread(rates[i])}/s: ${of('five_rows')} of PostgreSQL's five rows, ${of('one_row')} of its one`,
        `over HTTP, each answered when log and journal have it; answer p99 ${median(waits[i]).toFixed(0)} ms, ${Math.round(median(cpu[i]))} µs CPU of the program a case`);
    }
    const conditions = 'pgbench, 64 clients on 2 threads, prepared, synchronous_commit on';
    tell('… PostgreSQL beside it: the five rows of a case in one transaction', `${spread(theirs.five_rows)}/s`, `the journal's tables and indexes; ${conditions}`);
    tell('… and one row a transaction', `${spread(theirs.one_row)}/s`, `an 800-byte document, three indexes; ${conditions}`);
  } finally {
    for (const city of cities) {
      city.child.kill('SIGKILL');
      rmSync(city.data, { recursive: true, force: true });
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

// A live feed of the alarms: when each asset's alarm was heard first.
// The desk's queue: ten thousand open cases over the map, the pages and questions that a desk asks of them, one after the other on one
// connection, and one action on all of them in the slices that the page sends.
async function load_queue() {
  const city = await new_city(10_000, wide);
  try {
    const numbers = [], makers = Array.from({ length: 32 }, (_, i) => city.token(`maker-${i}`, 'acceptor'));  // one alone would be told to wait
    const make = async (i) => numbers.push(await city.must('POST', '/api/v1/cases', { title: `化粪池异味 ${i}`, class: '0303', asset: `bench-${i}` }, makers[i % 32]));
    for (let from = 0; from < 10_000; from += 64) await Promise.all(Array.from({ length: Math.min(64, 10_000 - from) }, (_, k) => make(from + k)));
    must((await city.must('GET', '/api/v1/cases?open=true&count=true&limit=1')).total === 10_000, 'queue: not all are open');
    for (const [what, query] of [['first page, newest 50', 'open=true&order=opened&limit=50'], ['first page, newest 200', 'open=true&order=opened&limit=200'], ['by stage, 50', 'stage=pending_dispatch&limit=50'],
      ['by deadline, 50', 'open=true&order=deadline&limit=50'], ['by words that are in one', 'open=true&q=异味 9999&limit=50'], ['by initials', 'open=true&q=hfcyw&limit=50'], ['by words that are in none', 'q=没有这样的&limit=50']]) {
      const times = [];
      for (let i = 0; i < 220; i += 1) {
        const from = performance.now();
        await city.must('GET', `/api/v1/cases?${query}`);
        if (i >= 20) times.push(performance.now() - from);
      }
      tell(`queue of 10,000 open cases: ${what}`, `${median(times).toFixed(1)} ms`, `p99 ${quantile(times, 0.99).toFixed(1)} ms over loopback, client's parsing included`);
    }
    const from = performance.now();
    for (let at = 0; at < numbers.length; at += 200) {
      const cases = numbers.slice(at, at + 200).map(({ no, rev }) => ({ no, rev }));
      const { items } = await city.must('POST', '/api/v1/cases:act', { action: 'comment', comment: 'bench', cases });
      must(items.every((one) => one.status === 200), `queue: ${JSON.stringify(items.find((one) => one.status !== 200))}`);
    }
    tell('one action on 10,000 cases', `${((performance.now() - from) / 1000).toFixed(1)} s`, 'slices of 200, one after the other, durable');
  } finally {
    await city.stop();
  }
}

async function listen(city) {
  const { ticket } = await city.must('POST', '/api/v1/live/ticket');
  const socket = new WebSocket(`${city.http.replace('http', 'ws')}/api/v1/live`, 'city.v1');
  const feed = { heard: new Map(), reset: 0, close: () => socket.close() };
  let seq = 0;
  await new Promise((done, fail) => {
    socket.onerror = () => fail(new Error('the live feed could not be opened'));
    socket.onopen = () => {
      socket.send(JSON.stringify({ t: 'hello', v: 1, ticket, tab: 'bench', caps: [] }));
      socket.send(JSON.stringify({ t: 'sub', id: 1, topic: 'alarm' }));
    };
    socket.onmessage = ({ data }) => {
      const now = performance.now();
      const message = JSON.parse(data);
      if (message.t === 'snap') done();
      if (message.t === 'reset') feed.reset += 1;
      if (message.t === 'ping') socket.send(JSON.stringify({ t: 'pong', n: message.n }));
      if (message.t !== 'ev') return;
      seq = message.seq;
      if (message.k === 'alarm.new' && !feed.heard.has(message.d.asset)) feed.heard.set(message.d.asset, now);
    };
  });
  const acks = setInterval(() => seq && socket.send(JSON.stringify({ t: 'ack', seq, lag: 0 })), 20);
  feed.close = () => (clearInterval(acks), socket.close());
  return feed;
}

function write_numbers() {
  const left_out = Object.keys(benches).filter((name) => chosen.length && !chosen.includes(name));
  const path = join(root, 'docs/numbers.md');
  const text = readFileSync(path, 'utf8');
  const begin = '<!-- bench -->\n', end = '<!-- /bench -->';
  const version = (command, args) => (spawnSync(command, args, { encoding: 'utf8', env: { ...process.env } }).stdout || '').split('\n')[0];
  const made = [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release().split('-')[0]}, ${version('mosquitto', ['-h']).trim()}; medians of ${kRounds} alternating rounds of ${kSeconds} s, least and most in brackets.${left_out.length ? ` Not measured in this run: ${left_out.join(', ')}.` : ''}`,
    '', '| what | figure | conditions |', '|---|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`), '',
  ].join('\n');
  const at = text.indexOf(begin) + begin.length;
  writeFileSync(path, text.slice(0, at) + made + text.slice(text.indexOf(end)));
}

for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length && !chosen.includes(name)) continue;
  try {
    await bench();
  } catch (problem) {
    must(false, `${name}: ${problem.stack}`);
  }
}
if (words.includes('--write') && !problems.length) write_numbers();
console.log(problems.length ? `${problems.length} problems` : 'no errors, nothing lost');
process.exit(problems.length ? 1 : 0);
