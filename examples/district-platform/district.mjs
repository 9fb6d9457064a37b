// SPDX-License-Identifier: Apache-2.0
// A district's own platform, as small as one can be, that works with the city: it files its citizens' complaints as reports, takes
// the cases of its unit as tickets of its own, and tells when they are mended. Killed at any moment, on either side, it goes on where
// it was: what it knows is one file of lines, synced before it speaks, and every call may be made twice.
//
//   node district.mjs --city http://127.0.0.1:8080 --system district-106 --unit 500106-sanitation --store district.jsonl
//                     --desk TOKEN --crew TOKEN --reports TOKEN [--http 127.0.0.1:0]
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const names = ['city', 'system', 'unit', 'store', 'desk', 'crew', 'reports', 'http'];
const { values: options } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
for (const name of names.slice(0, -1)) if (!options[name]) throw new Error(`--${name} is missing`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- what is known: lines that are never changed; a last line that was torn is cut off

const tickets = new Map();     // our number -> { number, case, mended, over: revision of the case at which we had no more to do, else 0 }
const complaints = new Map();  // our number -> { number, body, report, case }
let since = '';                // how far the city's feed was followed

function learn(line) {
  if (line.k === 'ticket') tickets.set(line.number, { number: line.number, case: line.case, mended: false, over: 0 });
  if (line.k === 'again') Object.assign(tickets.get(line.number), { mended: false, over: 0 });
  if (line.k === 'mended') tickets.get(line.number).mended = true;
  if (line.k === 'over') tickets.get(line.number).over = line.rev;
  if (line.k === 'complaint') complaints.set(line.number, { number: line.number, body: line.body });
  if (line.k === 'filed') Object.assign(complaints.get(line.number), { report: line.report, case: line.case });
  if (line.k === 'since') since = line.since;
}
function remember(line) {
  writeSync(store, JSON.stringify(line) + '\n');
  fsyncSync(store);
  learn(line);
}
if (existsSync(options.store)) {
  const text = readFileSync(options.store, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(options.store, Buffer.byteLength(whole));
  whole.split('\n').filter(Boolean).forEach((line) => learn(JSON.parse(line)));
}
const store = openSync(options.store, 'a');
const number_of = (all, letter) => `${letter}${String(all.size + 1).padStart(6, '0')}`;

// ---- speaking to the city

class Refused extends Error {
  constructor(status, problem) {
    super(`${status} ${problem?.code ?? ''} ${problem?.detail ?? ''}`);
    Object.assign(this, { status, code: problem?.code });
  }
}
// Repeats while the city is away or busy: every call here may be made twice.
async function call(token, method, path, body, headers = {}) {
  for (let pause = 100; ; pause = Math.min(pause * 2, 5000)) {
    try {
      const answer = await fetch(options.city + path, {
        method,
        headers: { authorization: `Bearer ${options[token]}`, ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(60_000),
      });
      const said = await answer.json().catch(() => null);
      if (answer.ok) return said;
      if (answer.status < 500 && answer.status !== 429) throw new Refused(answer.status, said);
    } catch (problem) {
      if (problem instanceof Refused) throw problem;
    }
    await sleep(pause);
  }
}
// An action at the revision that was seen; the key makes a repeat the same action.
const act = (token, file, number, action, body = {}) =>
  call(token, 'POST', `/api/v1/cases/${file.no}/actions`, { action, ...body }, { 'if-match': `"${file.rev}"`, 'idempotency-key': `${options.system}-${number}-${action}-${file.rev}` });

// ---- one ticket: what the case still needs from us. Called again until nothing is left.

async function bring_on(ticket) {
  const file = await call('desk', 'GET', `/api/v1/cases/${ticket.case}`);
  const ours = file.unit === options.unit;
  if (!ours || ['closed', 'forced_close', 'cancelled', 'not_accepted', 'pending_dispatch', 'reported'].includes(file.stage)) {
    remember({ k: 'over', number: ticket.number, rev: file.rev });
    return;
  }
  if (!file.references.some((one) => one.system === options.system))
    await call('desk', 'PUT', `/api/v1/cases/${file.no}/references/${options.system}`, { number: ticket.number });
  if (file.stage === 'pending_handle') await act('crew', file, ticket.number, 'accept');
  else if (file.stage === 'handling' && ticket.mended) await act('crew', file, ticket.number, 'finish', { comment: `${options.system} ${ticket.number}` });
  else if (file.stage === 'handle_finish') await act('desk', file, ticket.number, 'feedback', { comment: `${options.system} ${ticket.number}` });
  else {
    if (ticket.mended) remember({ k: 'over', number: ticket.number, rev: file.rev });
    return;
  }
  await bring_on(ticket);
}
async function try_on(ticket) {
  try {
    await bring_on(ticket);
  } catch (problem) {
    if (!(problem instanceof Refused)) throw problem;
    if (problem.status !== 412) console.error(`${ticket.number}: ${problem.message}`);  // 412: somebody was first; looked at again next time
  }
}

// ---- following the city

function take(file) {
  if (file.unit !== options.unit || !['pending_handle', 'handling'].includes(file.stage)) return;
  const known = [...tickets.values()].find((one) => one.case === file.no);
  if (!known) remember({ k: 'ticket', number: number_of(tickets, 'T'), case: file.no });
  else if (known.over && file.rev > known.over) remember({ k: 'again', number: known.number });  // sent back to us, or anew
}
async function take_all() {
  let cursor = '';
  do {
    const page = await call('desk', 'GET', `/api/v1/cases?unit=${encodeURIComponent(options.unit)}&open=true&limit=200${cursor}`);
    page.items.forEach(take);
    cursor = page.next ? `&cursor=${encodeURIComponent(page.next)}` : '';
  } while (cursor);
}
let hurry = () => {};
async function follow() {
  for (;;) {
    const changes = await call('desk', 'GET', since ? `/api/v1/changes?since=${encodeURIComponent(since)}&wait=2` : '/api/v1/changes');
    // At first, and when the city no longer has what came since, everything is looked at once.
    if (!since || changes.reset) await take_all();
    for (const event of changes.events) if (event.k?.startsWith('case.') && event.d?.no) take(event.d);
    const now = `${changes.epoch}:${changes.seq}`;
    if (now !== since) remember({ k: 'since', since: now });
    hurry();
  }
}
async function work() {
  for (;;) {
    for (const one of complaints.values()) {
      if (one.report) continue;
      const report = await call('reports', 'POST', '/api/v1/reports', { ...one.body, source: options.system, external: one.number });
      remember({ k: 'filed', number: one.number, report: report.id, case: report.case });
    }
    for (const ticket of tickets.values()) if (!ticket.over) await try_on(ticket);
    await Promise.race([sleep(1000), new Promise((done) => (hurry = done))]);
  }
}

// ---- our own desk: complaints come in, crews tell what is mended; the city may knock at /hook

const server = createServer(async (request, response) => {
  const say = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  let text = '';
  for await (const part of request) text += part;
  const mended = /^\/tickets\/(\w+):mended$/.exec(request.url);
  if (request.method === 'GET' && request.url === '/tickets') return say(200, { tickets: [...tickets.values()], complaints: [...complaints.values()], since });
  if (request.method !== 'POST') return say(404, {});
  if (request.url === '/hook') {
    hurry();
    return say(200, {});
  }
  if (request.url === '/complaints') {
    const body = JSON.parse(text);
    const known = body.number && complaints.get(body.number);
    const number = known ? known.number : (body.number ?? number_of(complaints, 'C'));
    delete body.number;
    if (!known) remember({ k: 'complaint', number, body });
    hurry();
    return say(known ? 200 : 201, { number });
  }
  if (mended && tickets.has(mended[1])) {
    if (!tickets.get(mended[1]).mended) remember({ k: 'mended', number: mended[1] });
    hurry();
    return say(200, {});
  }
  return say(404, {});
});
const [host, port] = (options.http ?? '127.0.0.1:0').split(':');
server.listen(Number(port), host, () => console.log(`ready http=${host}:${server.address().port}`));
process.on('exit', () => closeSync(store));
follow();
work();
