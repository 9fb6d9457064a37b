// SPDX-License-Identifier: Apache-2.0
// The real program for end-to-end tests: a fresh folder, free ports, loopback only; started, asked, killed, started again.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = new URL('../..', import.meta.url).pathname;
export const program = join(root, 'build/cityloop');

export const iso = (ms) => new Date(ms).toISOString();
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Asks until `check` gives something; the last problem is told when it never does.
export async function until(what, check, ms = 15000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const found = await check();
      if (found) return found;
      last = undefined;
    } catch (problem) {
      last = problem;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms${last ? `: ${last.message}` : ''}`);
    await sleep(50);
  }
}

export class City {
  constructor(args = []) {
    this.data = mkdtempSync(join(tmpdir(), 'cityloop-'));
    this.args = args;
    this.listen = '127.0.0.1:0';
  }

  async start() {
    // A wrapper such as strace runs the program as its child.
    const [command, ...before] = [...(this.wrapper ?? []), program];
    this.child = spawn(command, [...before, 'serve', '--data', this.data, '--http', this.listen, '--mqtt', '127.0.0.1:0', ...this.args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.said = '';
    let out = '';
    const ended = new Promise((done) => this.child.once('exit', done));
    this.ended = ended;
    this.child.stderr.on('data', (bytes) => (this.said += bytes));
    await new Promise((done, fail) => {
      this.child.stdout.on('data', (bytes) => {
        out += bytes;
        const ready = /ready http=(\S+) mqtt=(\S+)/.exec(out);
        if (!ready) return;
        this.http = `http://${ready[1]}`;
        [this.mqtt_host, this.mqtt_port] = ready[2].split(':');
        done();
      });
      ended.then((code) => fail(new Error(`the program ended with ${code}: ${this.said}`)));
    });
    return this;
  }

  async kill(signal = 'SIGKILL') {
    if (this.wrapper) process.kill(Number(readFileSync(join(this.data, 'lock'), 'utf8')), signal);
    else this.child.kill(signal);
    await this.ended;
  }

  async stop() {
    await this.kill('SIGTERM');
    rmSync(this.data, { recursive: true, force: true });
  }

  // A command of the program on this folder; its standard output.
  run(args, input) {
    const done = spawnSync(program, [...args, '--data', this.data], { input, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${args.join(' ')}: ${done.status}: ${done.stderr}`);
    return done.stdout;
  }

  token(name, role, area) {
    return this.run(['token', name, '--role', role, ...(area ? ['--area', area] : [])]).trim().split('\n').pop();
  }

  async call(method, path, body, token = this.admin, headers = {}) {
    const answer = await fetch(this.http + path, {
      method,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    let value = text;
    try {
      value = JSON.parse(text);
    } catch {
      // not JSON
    }
    return { status: answer.status, body: value, etag: answer.headers.get('etag'), headers: answer.headers };
  }

  async must(method, path, body, token, headers) {
    const answer = await this.call(method, path, body, token, headers);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  // Tanks in 沙坪坝区 and 渝北区, a unit and an administrator.
  async lay_out() {
    this.admin = this.token('e2e', 'admin');
    await this.must('PUT', '/api/v1/units/500106-sanitation', { name: '沙坪坝区环卫所', area: '500106', duties: ['sanitation'] });
    for (const [id, ...coordinates] of [['septic-500106-0001', 106.4502, 29.5438], ['septic-500106-0002', 106.44, 29.5438], ['septic-500112-0001', 106.6307, 29.7182]])
      await this.must('PUT', `/api/v1/assets/${id}`, { kind: 'septic_tank', name: id, location: { type: 'Point', coordinates } });
  }
}
