// SPDX-License-Identifier: Apache-2.0
// The receivers of notices as they are outside: an HTTP server that may be slow, refuse, hang or be away, and a mail server with STARTTLS
// and sign-in. Each keeps what it heard, in order.
import { createServer as http } from 'node:http';
import { createServer as tcp } from 'node:net';
import { TLSSocket, createSecureContext } from 'node:tls';

// `mode(heard, request)` says how to answer: {status, body, headers}, 'hang' (takes it, never answers), 'cut' (takes it, drops the line).
export class Web {
  constructor(mode = () => ({})) {
    this.mode = mode;
    this.heard = [];     // everything that arrived
    this.taken = [];     // what was answered as taken
    this.open = new Set();
  }
  async start(port = 0) {
    this.server = http((request, response) => {
      const chunks = [];
      request.on('data', (bytes) => chunks.push(bytes));
      request.on('end', () => {
        const one = { path: request.url, headers: request.headers, text: Buffer.concat(chunks).toString('utf8') };
        try {
          one.body = JSON.parse(one.text);
        } catch {
          // a form, or nothing
        }
        this.heard.push(one);
        const how = this.mode(one, this);
        if (how === 'hang') return;
        if (how === 'cut') return request.socket.destroy();
        if ((how.status ?? 200) < 300 && !how.refused) this.taken.push(one);
        response.writeHead(how.status ?? 200, { 'content-type': 'application/json', ...how.headers });
        response.end(how.body ?? '{}');
      });
    });
    this.server.on('connection', (socket) => {
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
    });
    await new Promise((done) => this.server.listen(port, '127.0.0.1', done));
    this.port = this.server.address().port;
    return this;
  }
  get url() {
    return `http://127.0.0.1:${this.port}`;
  }
  async stop() {
    if (!this.server) return;
    for (const socket of this.open) socket.destroy();
    await new Promise((done) => this.server.close(done));
    this.server = undefined;
  }
}

// `mode(mail)` gives the answer to the data. With `tls` {key, cert} STARTTLS is offered, and with `user` nothing goes before AUTH PLAIN.
export class Mail {
  constructor({ tls, user, password, mode = () => '250 taken' } = {}) {
    Object.assign(this, { tls, user, password, mode });
    this.mails = [];
    this.open = new Set();
  }
  async start(port = 0) {
    this.server = tcp((socket) => this.talk(socket));
    await new Promise((done) => this.server.listen(port, '127.0.0.1', done));
    this.port = this.server.address().port;
    return this;
  }
  talk(socket) {
    this.open.add(socket);
    socket.on('close', () => this.open.delete(socket));
    const mail = { secure: false, user: undefined };
    let line = '', data = null, asked = false, now = socket;
    const say = (text) => now.write(`${text}\r\n`);
    const hear = (bytes) => {
      line += bytes.toString('utf8');
      for (let end; (end = line.indexOf('\r\n')) >= 0; ) {
        const text = line.slice(0, end);
        line = line.slice(end + 2);
        if (data !== null) {
          if (text !== '.') data.push(text.startsWith('.') ? text.slice(1) : text);
          else {
            const one = { ...mail, text: data.join('\r\n') };
            data = null;
            const answer = this.mode(one, this);
            if (answer.startsWith('250')) this.mails.push(one);
            say(answer);
          }
        } else if (/^EHLO/.test(text)) {
          const more = [...(this.tls && !mail.secure ? ['STARTTLS'] : []), ...(this.user && mail.secure ? ['AUTH PLAIN'] : [])];
          ['tiny', ...more].forEach((word, i, all) => say(`250${i === all.length - 1 ? ' ' : '-'}${word}`));
        } else if (text === 'STARTTLS') {
          say('220 go on');
          socket.removeListener('data', hear);
          now = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(this.tls) });
          now.on('data', hear);
          now.on('error', () => {});
          mail.secure = true;
        } else if (text === 'AUTH PLAIN') {
          asked = true;
          say('334 ');
        } else if (asked || text.startsWith('AUTH PLAIN ')) {
          const [, user, password] = Buffer.from(asked ? text : text.slice(11), 'base64').toString().split('\0');
          asked = false;
          mail.user = user === this.user && password === this.password ? user : undefined;
          say(mail.user ? '235 welcome' : '535 no');
        } else if (text.startsWith('MAIL')) {
          mail.from = text;
          say(this.user && !mail.user ? '530 sign in first' : '250 ok');
        } else if (text.startsWith('RCPT')) {
          mail.to = text;
          say('250 ok');
        } else if (text === 'DATA') {
          data = [];
          say('354 go on');
        } else if (text === 'QUIT') {
          say('221 bye');
          now.end();
        } else say('250 ok');
      }
    };
    socket.on('data', hear);
    socket.on('error', () => {});
    say('220 tiny');
  }
  async stop() {
    for (const socket of this.open) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }
}

export const header = (mail, name) => new RegExp(`^${name}: (.*(?:\\r\\n .*)*)`, 'mi').exec(mail.text)?.[1];
// RFC 2047 words back to text.
export const words = (text) => text.replace(/\r\n /g, '').replace(/=\?UTF-8\?B\?([^?]*)\?=/g, (all, word) => Buffer.from(word, 'base64').toString('latin1')).replace(/[\x80-\xff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8'));
export const body_of = (mail) => Buffer.from(mail.text.slice(mail.text.indexOf('\r\n\r\n') + 4), 'base64').toString('utf8');
