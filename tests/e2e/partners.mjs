// SPDX-License-Identifier: Apache-2.0
// Another system's desk beside ours (examples/district-platform): its complaints become reports, our cases become its tickets, both
// programs are killed in between, and in the end each thing is there once on both sides.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { City, root, sleep, until } from './city.mjs';

const kUnit = '500106-sanitation', kSystem = 'district-106', kRounds = 6;

class District {
  constructor(city, tokens) {
    this.folder = mkdtempSync(join(tmpdir(), 'district-'));
    Object.assign(this, { city, tokens });
  }
  async start() {
    const options = { city: this.city.http, system: kSystem, unit: kUnit, store: join(this.folder, 'district.jsonl'), http: '127.0.0.1:0', ...this.tokens };
    this.child = spawn(process.execPath, [join(root, 'examples/district-platform/district.mjs'), ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((done) => this.child.once('exit', done));
    this.said = '';
    this.child.stderr.on('data', (bytes) => (this.said += bytes));
    await new Promise((done, fail) => {
      this.child.stdout.on('data', (bytes) => {
        const ready = /ready http=(\S+)/.exec(bytes);
        if (ready) done((this.http = `http://${ready[1]}`));
      });
      this.ended.then((code) => fail(new Error(`the district's platform ended with ${code}: ${this.said}`)));
    });
  }
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }
  async ask(method, path, body) {
    return (await fetch(this.http + path, { method, body: body && JSON.stringify(body) })).json();
  }
  look = () => this.ask('GET', '/tickets');
}

async function with_both(work) {
  const city = await new City().start();
  let district;
  try {
    city.listen = city.http.slice('http://'.length);  // started again, it has the port that it had
    await city.lay_out();
    const token = async (name, role, unit) => (await city.must('POST', '/api/v1/tokens', { name, role, area: '500106', ...(unit ? { unit } : {}) })).secret;
    district = new District(city, { desk: await token('district desk', 'unit_desk', kUnit), crew: await token('district crew', 'handler', kUnit), reports: await token('district reports', 'integrator') });
    await district.start();
    await work(city, district);
  } finally {
    if (district?.child.exitCode === null) await district.kill().catch(() => {});
    if (district) rmSync(district.folder, { recursive: true, force: true });
    await city.stop();
  }
}
const place = (i) => ({ type: 'Point', coordinates: [106.40 + i * 0.003, 29.55] });
const open_and_send = async (city, i) => {
  const file = await city.must('POST', '/api/v1/cases', { title: `井盖 ${i}`, class: '0110', location: place(i) });
  await city.must('POST', `/api/v1/cases/${file.no}/actions`, { action: 'dispatch', unit: kUnit }, city.admin, { 'if-match': `"${file.rev}"` });
  return file.no;
};

test('both are killed in between: every case is one ticket, every complaint one report', async () => {
  await with_both(async (city, district) => {
    const cases = [], complaints = [];
    for (let round = 0; round < kRounds; round += 1) {
      for (let i = 0; i < 3; i += 1) cases.push(await open_and_send(city, cases.length));
      for (let i = 0; i < 2; i += 1) {
        const n = complaints.length;
        complaints.push((await district.ask('POST', '/complaints', { title: `积水 ${n}`, class: '0506', location: { type: 'Point', coordinates: [106.41 + n * 0.005, 29.57] } })).number);
      }
      const { tickets } = await district.look();
      for (const one of tickets) await district.ask('POST', `/tickets/${one.number}:mended`);
      await sleep(40 * (round + 1));  // somewhere else each time
      if (round % 2 === 0) {
        await district.kill();
        await district.start();
      } else {
        await city.kill();
        await city.start();
      }
    }
    const settled = await until('everything is through', async () => {
      const seen = await district.look();
      for (const one of seen.tickets) if (!one.mended) await district.ask('POST', `/tickets/${one.number}:mended`);
      return seen.tickets.length === cases.length && seen.tickets.every((one) => one.over) && seen.complaints.every((one) => one.report) && seen;
    }, 60_000);
    assert.deepEqual(settled.tickets.map((one) => one.case).sort(), [...cases].sort(), 'a ticket for each case, and none twice');
    for (const one of settled.tickets) {
      const file = await city.must('GET', `/api/v1/cases/${one.case}`);
      assert.equal(file.stage, 'pending_feedback');
      assert.deepEqual(file.references.map((own) => [own.system, own.number]), [[kSystem, one.number]]);
      const done = file.timeline.map((entry) => entry.action);
      for (const action of ['accept', 'finish', 'feedback', 'reference']) assert.equal(done.filter((name) => name === action).length, 1, `${one.case}: ${action} of ${done}`);
    }
    const reports = (await city.must('GET', '/api/v1/reports?limit=200')).items.filter((one) => one.source === kSystem);
    assert.deepEqual(reports.map((one) => one.external).sort(), [...complaints].sort());
    const found = await city.must('GET', `/api/v1/references?system=${kSystem}&number=${settled.tickets[0].number}`);
    assert.equal(found.items[0].case, settled.tickets[0].case);
  });
});

test('a case that comes back is the same ticket again; how the platform is doing is seen', async () => {
  await with_both(async (city, district) => {
    const no = await open_and_send(city, 1);
    const ticket = await until('the ticket is there', async () => (await district.look()).tickets[0]);
    assert.equal(ticket.case, no);
    const stage = async () => (await city.must('GET', `/api/v1/cases/${no}`)).stage;
    await district.ask('POST', `/tickets/${ticket.number}:mended`);
    await until('given back', async () => (await stage()) === 'pending_feedback');
    const file = await city.must('GET', `/api/v1/cases/${no}`);
    await city.must('POST', `/api/v1/cases/${no}/actions`, { action: 'rework', reason: 'still loose' }, city.admin, { 'if-match': `"${file.rev}"` });
    await until('again', async () => (await district.look()).tickets.length === 1 && !(await district.look()).tickets[0].mended);
    await district.ask('POST', `/tickets/${ticket.number}:mended`);
    await until('given back again', async () => (await stage()) === 'pending_feedback');
    assert.equal((await city.must('GET', `/api/v1/cases/${no}`)).references.length, 1);

    const health = async () => (await city.must('GET', '/api/v1/partners')).items.find((one) => one.name === 'district desk');
    const well = await until('up to date', async () => {
      const one = await health();
      return one.behind === 0 && one;
    });
    assert.ok(well.calls > 3 && well.failed === 0, JSON.stringify(well));
    await district.kill();
    await open_and_send(city, 2);
    const behind = await health();
    assert.ok(behind.behind > 0 && Date.parse(behind.seen_at) <= Date.now(), JSON.stringify(behind));
    const foreign = await city.call('PUT', `/api/v1/cases/${no}/references/${kSystem}`, { number: 'other' }, district.tokens.desk);
    assert.equal(foreign.status, 409, JSON.stringify(foreign.body));
    assert.equal((await health()).last_problem, 'conflict');
    assert.equal((await city.call('GET', '/api/v1/partners', undefined, district.tokens.crew)).status, 403);
    await district.start();
    await until('caught up', async () => (await district.look()).tickets.length === 2);
  });
});
