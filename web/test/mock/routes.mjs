// SPDX-License-Identifier: Apache-2.0
// The pretended server's answers, in the agreed forms (docs of the API); enough for pages, never shipped.
import { randomBytes } from 'node:crypto';

const iso = (ms) => new Date(ms).toISOString();
const kNext = { register: 'pending_dispatch', reject: 'not_accepted', verify: 'verifying', dispatch: 'pending_handle', assign: 'handling', accept: 'handling', arrive: 'handling', finish: 'pending_feedback', feedback: 'checking', check: 'pending_close', rework: 'handling', close: 'closed', force_close: 'forced_close', cancel: 'cancelled', suspend: 'suspended', resume: 'handling', return: 'pending_dispatch', reopen: 'pending_dispatch' };
const kFrom = { register: ['reported', 'verifying', 'pending_register'], reject: ['reported', 'verifying'], verify: ['reported'], dispatch: ['pending_dispatch'], assign: ['pending_handle'], accept: ['pending_handle'], return: ['pending_handle', 'handling'], arrive: ['handling'], finish: ['handling'], feedback: ['pending_feedback'], check: ['checking'], rework: ['checking', 'pending_close', 'pending_feedback'], close: ['pending_close'], suspend: ['pending_handle', 'handling'], resume: ['suspended'], cancel: ['reported', 'pending_dispatch'], reopen: ['closed'] };
const kFields = { reject: ['reason'], dispatch: ['unit'], assign: ['handler'], return: ['reason'], finish: ['comment', 'attachments'], rework: ['reason'], suspend: ['until', 'reason'], cancel: ['reason'], comment: ['comment'], supervise: ['comment'] };

export class Refusal extends Error {
  constructor(status, code, detail = '', more = {}) {
    super(code);
    Object.assign(this, { status, code, detail, more });
  }
}

const users = {
  admin: { password: 'admin', user: { name: 'admin', person: '管理员', roles: ['admin', 'acceptor', 'shift_leader', 'dispatcher'], area: '50', unit: '' } },
  desk: { password: 'desk', user: { name: 'desk', person: '李坐席', roles: ['acceptor', 'dispatcher'], area: '50', unit: '' } },
  crew: { password: 'crew', user: { name: 'crew', person: '王五', roles: ['handler'], area: '500113', unit: '500113-sanitation' } },
};

export function offers_of(file) {
  const list = Object.keys(kFrom).filter((name) => name !== 'reopen' || file.stage === 'closed').map((name) => {
    const enabled = kFrom[name].includes(file.stage);
    return { name, enabled, fields: kFields[name] ?? [], required: (kFields[name] ?? []).filter((field) => field !== 'comment'), ...(enabled ? {} : { why_not: 'not in this stage', code: 'stage' }) };
  });
  return [...list, { name: 'supervise', enabled: false, fields: [], why_not: 'role', code: 'role' }, { name: 'comment', enabled: true, fields: ['comment', 'attachments'], required: ['comment'] }];
}

export function alarm_offers(alarm) {
  const offer = (name, why, fields = []) => ({ name, enabled: !why, fields, required: fields, ...(why ? { why_not: why, code: 'state' } : {}) });
  return [offer('acknowledge', alarm.acknowledged ? 'it is acknowledged' : ''), offer('open_case', alarm.case ? 'it has a case' : ''), offer('notify', '', ['receiver']), offer('shelve', alarm.state === 'cleared' ? 'it is over' : '', ['until', 'reason']), offer('false_alarm', alarm.false_alarm ? 'it is marked already' : '', ['reason'])];
}

// One row an area, with the indicators that the page must know how to show: high and low is good, nothing to divide by.
function score_table(world, query) {
  const object = query.get?.('object') ?? query.object ?? 'area', period = query.get?.('period') ?? query.period ?? '2022-08';
  const indicators = [['on_time_rate', '按期处置率', 'On-time disposal rate', 'on_time', 'due', 'high', 60], ['rework_rate', '返工率', 'Rework rate', 'rework', 'due', 'low', 40], ['satisfaction_rate', '满意率', 'Satisfaction', 'satisfied', 'revisited', 'high', 0]]
    .map(([id, title_zh, title_en, numerator, denominator, good, weight]) => ({ id, title_zh, title_en, definition_zh: `${title_zh}的口径`, definition_en: `What ${title_en} means`, numerator, denominator, good, weight, objects: ['area', 'unit'] }));
  const items = world.areas.slice(0, 10).map((area, i) => {
    const counts = { opened: 40 + i, filed: 36 + i, found_machine: 20, found_sensor: 20, found_public: 16 + i, due: 30 + i, on_time: 28, rework: i % 3, satisfied: 0, revisited: 0, cancelled: i % 2, outstanding: i };
    const rate = (n, d, good) => ({ n, d, value: d ? n / d : null, grade: d ? (good ? n / d : 1 - n / d) >= 0.9 ? 'A' : 'C' : null, before: d ? 0.9 : null });
    return { object, id: object === 'post' ? `50/${area.code}` : area.code, name: area.name, total: object === 'area' && i === 0, counts, corrections: null,
      score: { value: 95 - i * 2, grade: i < 3 ? 'A' : 'B', before: 90, rank: i === 0 ? null : i, rank_before: i === 0 ? null : 10 - i },
      rates: { on_time_rate: rate(counts.on_time, counts.due, true), rework_rate: rate(counts.rework, counts.due, false), satisfaction_rate: rate(0, 0, true) } };
  });
  return { object, area: '50', area_name: '重庆市', period, kind: 'month', from: `${period}-01`, to: `${period}-31`, before: '2022-07', running: false, snapshot: `${period}-0123456789ab`, locked: null, formulas: 'china', formulas_version: '1', indicators, items };
}

export function make_routes(world, live) {
  const sessions = new Map();
  const failures = new Map();
  const tickets = new Set();
  const attachments = new Map();
  const receivers = [{ name: 'duty-sms', channel: 'webhook', target: 'https://sms.example/hook', url: 'https://sms.example/hook', area: '50', types: ['city.alarm.raised'], language: 'zh', quiet: [] }];
  const sources = [{ name: 'septic-vendor', title: '化粪池气体监测', transport: 'mqtt', owner: '', health: { state: 'ok', last_seen: iso(world.now()), late: 0, quarantined: 2, accepted: 88210, error: '' } }, { name: 'tree-vendor', title: '古树监测', transport: 'http', owner: '', health: { state: 'late', last_seen: iso(world.now() - 900000), late: 3, quarantined: 0, accepted: 1204, error: 'no message for 15 min' } }];
  const tokens = [{ id: 'gis', name: 'GIS', role: 'integrator', area: '50', enabled: true, created: iso(world.now() - 9e8), expires: null }];
  const credentials = [{ id: 'gw-7', name: '沙坪坝网关', assets: ['septic_tank-500106-*'], enabled: true, created: iso(world.now() - 9e8) }];
  const quarantine = Array.from({ length: 14 }, (_, i) => ({ id: `q-${i + 1}`, at: iso(world.now() - i * 60000), principal: 'credential:gw-7', source: 'septic-vendor', asset: world.asset_list[i].id, point: 'ch4', code: i % 2 ? 'reading.out_of_range' : 'reading.in_future', detail: 'ch4 512 is outside 0..100', payload: '{"values":{"ch4":512}}', state: 'waiting' }));
  const notices = [{ id: 'n-1', subject: 'a-1', type: 'city.alarm.raised', channel: 'webhook', target: 'duty-sms', state: 'failed', created: iso(world.now() - 60000), attempts: 5, last_error: 'connection refused', sent_at: null }];
  const state = { world, sessions, tickets };

  const at = (request) => sessions.get(/cl_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? '');
  const need = (request) => {
    const found = at(request);
    if (!found) throw new Refusal(401, 'auth.required');
    if (request.method !== 'GET' && request.headers['x-csrf-token'] !== found.csrf) throw new Refusal(403, 'auth.csrf');
    return found;
  };
  const page = (items, query) => {
    const limit = Math.min(1000, Number(query.get('limit') ?? 100));
    const from = Number(query.get('cursor') ?? 0);
    const next = from + limit < items.length ? String(from + limit) : null;
    return { items: items.slice(from, from + limit), next, ...(query.get('count') ? { total: items.length } : {}) };
  };
  const like = (query, row, names) => names.every((name) => !query.get(name) || query.get(name).split(',').some((one) => String(row[name] ?? '').startsWith(one)));
  const asset_state = (asset) => {
    const kind = world.kinds.find((one) => one.name === asset.kind);
    const firing = [...world.alarms.values()].filter((one) => one.asset === asset.id && one.state === 'firing');
    const values = Object.fromEntries(kind.points.map((point, i) => [point.name, { at: iso(world.now() - 20000 - i * 400000), value: firing[0]?.point === point.name ? firing[0].value : Math.round((i + 3) * 10) / 10, quality: 'good', unit: point.unit, age_s: 20 + i * 400, stale: i > 0 }]));
    return { asset: asset.id, kind: asset.kind, level: firing[0]?.level ?? 'none', values };
  };
  const alarm_doc = (alarm) => ({ ...alarm, actions: alarm_offers(alarm) });
  const case_doc = (file, whole = false) => {
    const { timeline, ...rest } = file;
    return { ...rest, actions: offers_of(file), ...(whole ? { timeline, orders: [], alarm_docs: file.alarms.map((id) => world.alarms.get(id)).filter(Boolean), report_docs: file.reports.map((id) => world.reports.get(id)).filter(Boolean) } : {}) };
  };
  const session_doc = (one) => ({ csrf: one.csrf, user: one.user, expires_at: iso(world.now() + 8 * 3600_000), idle_seconds: 1800, demo: true, version: '0.1.0' });
  const open_case_for = (alarm) => {
    const file = world.make_case(world.now(), 'pending_dispatch');
    Object.assign(file, { title: `${alarm.asset_name} ${alarm.title_zh}`, asset: alarm.asset, area: alarm.area, level: alarm.level, alarms: [alarm.id] });
    alarm.case = file.no;
    live.event('case.new', [file.no], case_doc(file));
    return file;
  };

  const routes = [
    ['POST', /^\/session$/, (request, query, body) => {
      const failed = failures.get(body.name) ?? 0;
      if (failed >= 5) throw Object.assign(new Refusal(429, 'auth.locked'), { retry: 30 });
      const found = users[body.name];
      if (!found || found.password !== body.password) {
        failures.set(body.name, failed + 1);
        throw new Refusal(401, 'auth.wrong');
      }
      failures.delete(body.name);
      const secret = randomBytes(16).toString('hex');
      const one = { csrf: randomBytes(16).toString('hex'), user: found.user };
      sessions.set(secret, one);
      return { value: session_doc(one), cookie: `cl_session=${secret}; HttpOnly; SameSite=Strict; Path=/` };
    }],
    ['GET', /^\/session$/, (request) => session_doc(need(request))],
    ['DELETE', /^\/session$/, () => ({ status: 204, cookie: 'cl_session=; Max-Age=0; Path=/' })],
    ['POST', /^\/live\/ticket$/, (request) => {
      need(request);
      const ticket = randomBytes(12).toString('hex');
      tickets.add(ticket);
      return { ticket, expires_at: iso(world.now() + 30000) };
    }],
    ['GET', /^\/indicators$/, () => {
      const open = [...world.cases.values()].filter((one) => !['closed', 'forced_close', 'cancelled', 'not_accepted'].includes(one.stage)).length;
      const row = (name, title_zh, title_en, value, more = {}) => ({ name, title_zh, title_en, value, unit: '', as_of: iso(world.now()), definition_zh: title_zh, definition_en: title_en, ...more });
      return { items: [row('assets', '在册部件', 'Assets', world.assets.size), row('points_heard', '在线测点', 'Points heard', 2311), row('readings_total', '累计读数', 'Readings', 320_145_900), row('cases_open', '在办案件', 'Open cases', open), row('cases_today', '今日立案', 'Opened today', 41), row('cases_closed_today', '今日结案', 'Closed today', 38), row('on_time_rate', '按期处置率', 'On-time rate', 0.964, { unit: '%', numerator: 617, denominator: 640 }), row('reports_waiting', '待受理来件', 'Reports waiting', 7), row('sources_late', '延迟接入源', 'Late sources', 1)] };
    }],
    ['GET', /^\/areas$/, (request, query) => (query.get('format') === 'geojson' ? world.shapes : page(world.areas.filter((one) => !query.get('parent') || one.parent === query.get('parent')), query))],
    ['GET', /^\/points$/, () => {
      const kinds = world.kinds.map((one) => one.name);
      const levels = new Map([...world.alarms.values()].filter((one) => one.state === 'firing').map((one) => [one.asset, ['none', 'blue', 'yellow', 'orange', 'red'].indexOf(one.level)]));
      return { turn: 1, kinds, rows: world.asset_list.map((one) => [one.id, kinds.indexOf(one.kind), ...one.location.coordinates, levels.get(one.id) ?? 0, one.name, one.area]) };
    }],
    ['GET', /^\/state$/, (request, query) => page(world.asset_list.filter((one) => like(query, one, ['kind', 'area'])).map(asset_state), query)],
    ['GET', /^\/assets$/, (request, query) => page(world.asset_list.filter((one) => like(query, one, ['kind', 'area']) && (!query.get('q') || one.name.includes(query.get('q')) || one.id.includes(query.get('q')))), query)],
    ['GET', /^\/assets\/([^/]+)\/history$/, (request, query, body, id) => {
      const asset = world.assets.get(id);
      const to = Date.parse(query.get('to') ?? '') || world.now();
      const from = Date.parse(query.get('from') ?? '') || to - 3600_000;
      const alarm = [...world.alarms.values()].find((one) => one.asset === asset.id);
      const end = alarm?.point === query.get('point') ? alarm.value : 6;
      return { items: Array.from({ length: 60 }, (_, i) => ({ at: iso(from + ((to - from) * i) / 59), from: iso(from + ((to - from) * i) / 59), value: end * (0.35 + 0.65 * (i / 59) ** 3) + Math.sin(i / 2) * end * 0.03, avg: end * (0.35 + 0.65 * (i / 59) ** 3), min: end * 0.3, max: end, count: 2, quality: 'good' })) };
    }],
    ['GET', /^\/assets\/([^/]+)\/nearby$/, (request, query, body, id) => {
      const [lng, lat] = world.assets.get(id).location.coordinates;
      const far = (one) => Math.hypot((one.location.coordinates[0] - lng) * 96000, (one.location.coordinates[1] - lat) * 111000);
      return { items: world.asset_list.filter((one) => one.id !== id && far(one) < Number(query.get('radius_m') ?? 500)).map((one) => ({ asset: one, distance_m: Math.round(far(one)) })).sort((a, b) => a.distance_m - b.distance_m).slice(0, Number(query.get('limit') ?? 10)) };
    }],
    ['POST', /^\/assets\/([^/]+)\/silence$/, (request, query, body, id) => Object.assign(world.assets.get(id), { silence: { until: body.until, reason: body.reason, by: need(request).user.name } })],
    ['DELETE', /^\/assets\/([^/]+)\/silence$/, (request, query, body, id) => Object.assign(world.assets.get(id), { silence: null })],
    ['GET', /^\/assets\/([^/]+)$/, (request, query, body, id) => {
      const asset = world.assets.get(id);
      if (!asset) throw new Refusal(404, 'not_found');
      const kind = world.kinds.find((one) => one.name === asset.kind);
      const alarms = [...world.alarms.values()].filter((one) => one.asset === id);
      return { ...asset, kind_title_zh: kind.title_zh, kind_title_en: kind.title_en, points: kind.points, attributes_spec: [{ name: 'depth_m', title_zh: '井深', title_en: 'Depth', unit: 'm', type: 'number' }, { name: 'age_years', title_zh: '树龄', title_en: 'Age', unit: '年', type: 'number' }, { name: 'family', title_zh: '科属', title_en: 'Family', unit: '', type: 'text' }, { name: 'height_m', title_zh: '树高', title_en: 'Height', unit: 'm', type: 'number' }, { name: 'crown_m', title_zh: '冠幅', title_en: 'Crown', unit: 'm', type: 'number' }], state: asset_state(asset), open_case: alarms.find((one) => one.case)?.case ?? null, alarms: alarms.map((one) => one.id) };
    }],
    ['GET', /^\/packs$/, (request, query) => page(world.packs.map((one) => ({ ...one, kinds: one.kinds.map((name) => world.kinds.find((kind) => kind.name === name)) })), query)],
    ['GET', /^\/packs\/([^/]+)$/, (request, query, body, name) => world.packs.find((one) => one.name === name)],
    ['GET', /^\/alarms$/, (request, query) => page([...world.alarms.values()].filter((one) => like(query, one, ['state', 'level', 'area', 'kind', 'asset', 'rule']) && (query.get('unseen') !== 'true' || !one.acknowledged)).sort((a, b) => b.raised_at.localeCompare(a.raised_at)).map(alarm_doc), query)],
    ['GET', /^\/alarms\/([^/]+)\/why$/, (request, query, body, id) => {
      const alarm = world.alarms.get(id);
      const rule = world.packs.flatMap((one) => one.rules.map((r) => [`${one.name}/${r.alert}`, r])).find(([name]) => name === alarm.rule)[1];
      const t0 = Date.parse(alarm.raised_at);
      return { rule: alarm.rule, pack_version: '1.0', expr: rule.levels.find((one) => one.level === alarm.level)?.expr ?? rule.levels[0].expr, samples: [0, 1, 2, 3].map((i) => ({ point: alarm.point, at: iso(t0 - 90000 + i * 30000), value: Math.round(alarm.value * (0.7 + i * 0.1) * 10) / 10, quality: 'good' })), steps: [{ at: iso(t0 - 60000), state: 'pending', because: `${alarm.point} ${alarm.value} >= limit` }, { at: alarm.raised_at, state: `firing:${alarm.level}`, because: 'held 60s' }] };
    }],
    ['POST', /^\/alarms\/([^/]+)\/actions$/, (request, query, body, id) => {
      const alarm = world.alarms.get(id);
      if (!alarm) throw new Refusal(404, 'not_found');
      const offer = alarm_offers(alarm).find((one) => one.name === body.action);
      if (!offer) throw new Refusal(422, 'action.unknown');
      if (!offer.enabled) throw new Refusal(409, 'action.not_allowed', offer.why_not);
      const by = need(request).user;
      if (body.action === 'acknowledge') Object.assign(alarm, { acknowledged: true, acknowledged_by: `user:${by.name}`, acknowledged_at: iso(world.now()) });
      if (body.action === 'open_case') open_case_for(alarm);
      if (body.action === 'shelve') Object.assign(alarm, { shelved_until: body.until, note: body.reason });
      if (body.action === 'false_alarm') Object.assign(alarm, { false_alarm: true, note: body.reason, acknowledged: true, acknowledged_by: `user:${by.name}` });
      alarm.changed_at = iso(world.now());
      live.event(body.action === 'acknowledge' ? 'alarm.ack' : 'alarm.update', [id], alarm_doc(alarm));
      return alarm_doc(alarm);
    }],
    ['GET', /^\/alarms\/([^/]+)$/, (request, query, body, id) => {
      if (!world.alarms.has(id)) throw new Refusal(404, 'not_found');
      return alarm_doc(world.alarms.get(id));
    }],
    ['GET', /^\/reports$/, (request, query) => page([...world.reports.values()].filter((one) => like(query, one, ['state', 'area'])), query)],
    ['GET', /^\/reports\/([^/]+)$/, (request, query, body, id) => world.reports.get(id)],
    ['POST', /^\/reports$/, (request, query, body) => {
      const report = Object.assign(world.make_report(world.now(), body.location ? 'waiting' : 'placeless'), { ...body, source: body.source ?? 'inspector' });
      const file = world.make_case(world.now(), 'reported');
      Object.assign(file, { title: body.title, reports: [report.id] });
      Object.assign(report, { case: file.no, state: 'filed' });
      live.event('report.new', [report.id], report);
      live.event('case.new', [file.no], case_doc(file));
      return { status: 201, value: report };
    }],
    ['GET', /^\/cases$/, (request, query) => {
      const who = at(request)?.user;
      const done = ['closed', 'forced_close', 'cancelled', 'not_accepted'];
      const rows = [...world.cases.values()].filter((one) => like(query, one, ['area', 'unit', 'asset']) && (!query.get('stage') || query.get('stage').split(',').includes(one.stage)) && (query.get('open') !== 'true' || !done.includes(one.stage)) && (query.get('overdue') !== 'true' || (Date.parse(one.deadline.at) < world.now() && !done.includes(one.stage))) && (!query.get('q') || one.title.includes(query.get('q')) || one.no.includes(query.get('q'))) && (query.get('mine') !== 'true' || one.unit === who?.unit || !who?.unit));
      rows.sort(query.get('order') === 'deadline' ? (a, b) => a.deadline.at.localeCompare(b.deadline.at) : (a, b) => b.opened_at.localeCompare(a.opened_at));
      return page(rows.map((one) => case_doc(one)), query);
    }],
    ['POST', /^\/cases$/, (request, query, body) => ({ status: 201, value: case_doc(Object.assign(world.make_case(world.now(), 'pending_dispatch'), body)) })],
    ['GET', /^\/cases\/(\d+)$/, (request, query, body, no) => {
      if (!world.cases.has(no)) throw new Refusal(404, 'not_found');
      return case_doc(world.cases.get(no), true);
    }],
    ['POST', /^\/cases\/(\d+)\/actions$/, (request, query, body, no) => {
      const file = world.cases.get(no);
      const sent = request.headers['if-match'];
      if (!sent) throw new Refusal(428, 'precondition.required');
      if (sent.replaceAll('"', '') !== String(file.rev)) throw new Refusal(412, 'precondition.stale');
      const offer = offers_of(file).find((one) => one.name === body.action);
      if (!offer) throw new Refusal(422, 'action.unknown');
      if (!offer.enabled) throw new Refusal(409, 'action.not_allowed', offer.why_not, { why: offer.why_not });
      const by = need(request).user;
      const from = file.stage;
      file.stage = kNext[body.action] ?? file.stage;
      if (body.unit) Object.assign(file, { unit: body.unit, unit_name: world.units.find((one) => one.id === body.unit)?.name ?? body.unit });
      if (body.handler) file.handler = body.handler;
      file.rev += 1;
      file.changed_at = iso(world.now());
      const entry = { seq: file.timeline.length + 1, at: file.changed_at, actor: `user:${by.name}`, actor_name: by.person, action: body.action, from, to: file.stage, comment: body.comment ?? body.reason ?? '', fields: body.unit ? { unit: body.unit } : {}, attachments: body.attachments ?? [] };
      file.timeline.push(entry);
      live.event(from === file.stage ? 'case.field' : 'case.stage', [no], { ...case_doc(file), entry });
      return case_doc(file);
    }],
    ['GET', /^\/orders$/, (request, query) => page([...world.cases.values()].filter((one) => ['pending_handle', 'handling', 'pending_feedback'].includes(one.stage)).slice(0, 12).map((one) => ({ id: `${one.no}-01`, case: one.no, unit: one.unit, handler: one.handler, state: one.stage === 'handling' ? 'accepted' : one.stage === 'pending_feedback' ? 'finished' : 'sent', sent_at: one.opened_at, case_title: one.title, case_stage: one.stage, case_rev: one.rev, deadline: one.deadline.at, location: one.location, address: '谊园路 12 号', level: one.level })), query)],
    ['POST', /^\/attachments$/, (request, query, body) => {
      const id = randomBytes(32).toString('hex');
      attachments.set(id, body);
      return { status: 201, value: { id, type: 'image/jpeg', bytes: body.length ?? 0, url: `/api/v1/attachments/${id}` } };
    }],
    ['GET', /^\/attachments\/(\w+)$/, (request, query, body, id) => ({ raw: attachments.get(id) ?? Buffer.alloc(0), type: 'image/jpeg' })],
    ['GET', /^\/notices$/, (request, query) => page(notices.filter((one) => like(query, one, ['subject', 'state'])), query)],
    ['POST', /^\/notices\/([^/:]+):retry$/, (request, query, body, id) => Object.assign(notices.find((one) => one.id === id), { state: 'waiting' })],
    ['GET', /^\/alarms\/([^/]+)\/notice$/, (request, query) => page(receivers.filter((one) => !query.get('receiver') || one.name === query.get('receiver')).map((one) => ({ receiver: one.name, channel: one.channel, target: one.target, language: 'zh', title: '报警通知', text: '报警通知' })), query)],
    ['GET', /^\/receivers$/, (request, query) => page(receivers, query)],
    ['GET', /^\/quarantine$/, (request, query) => page(quarantine.filter((one) => like(query, one, ['code', 'source', 'asset', 'state'])), query)],
    ['POST', /^\/quarantine\/([^/:]+):(reingest|drop)$/, (request, query, body, id, verb) => Object.assign(quarantine.find((one) => one.id === id), { state: verb === 'drop' ? 'dropped' : 'reingested' })],
    ['POST', /^\/quarantine:reingest$/, (request, query, body) => {
      for (const one of quarantine) if (body.ids.includes(one.id)) one.state = 'reingested';
      return { accepted: body.ids.length, quarantined: [] };
    }],
    ['GET', /^\/sources$/, (request, query) => page(sources, query)],
    ['GET', /^\/units$/, (request, query) => page(world.units.filter((one) => like(query, one, ['area'])), query)],
    ['GET', /^\/people$/, (request, query) => page(Object.values(users).map((one) => ({ id: `user:${one.user.name}`, ...one.user })), query)],
    ['GET', /^\/users$/, (request, query) => page(Object.values(users).map((one) => ({ ...one.user, enabled: true, must_change: false, rev: 1 })), query)],
    ['PUT', /^\/users\/([^/]+)$/, (request, query, body, name) => (users[name] = { password: body.password ?? 'x', user: { name, ...body } }).user],
    ['GET', /^\/tokens$/, (request, query) => page(tokens, query)],
    ['POST', /^\/tokens$/, (request, query, body) => {
      const one = { id: randomBytes(4).toString('hex'), enabled: true, created: iso(world.now()), expires: null, ...body };
      tokens.push(one);
      return { status: 201, value: { ...one, token: `cl_${one.id}_${randomBytes(16).toString('hex')}` } };
    }],
    ['GET', /^\/credentials$/, (request, query) => page(credentials, query)],
    ['GET', /^\/audit$/, (request, query) => page(Array.from({ length: 30 }, (_, i) => ({ number: 30 - i, at: iso(world.now() - i * 70000), actor: 'user:admin', action: 'case.dispatch', subject: '5001132022082200031', outcome: 'ok', detail: '', digest: 'ab12' })), query)],
    ['GET', /^\/scores$/, (request, query) => score_table(world, query)],
    ['GET', /^\/scores\/cases$/, () => ({ items: [], next: null, total: 0 })],
    ['GET', /^\/scores\/reports$/, () => ({ items: [], next: null })],
  ];

  function csv_of(value) {
    const names = Object.keys(value.items[0] ?? {});
    const cell = (x) => `"${String(typeof x === 'object' ? JSON.stringify(x) : (x ?? '')).replaceAll('"', '""')}"`;
    return `\ufeff${names.join(',')}\r\n${value.items.map((row) => names.map((name) => cell(row[name])).join(',')).join('\r\n')}\r\n`;
  }

  function answer(request, path, query, body) {
    const open = path === '/session';
    if (!open) need(request);
    for (const [method, pattern, handle] of routes) {
      const found = method === request.method && pattern.exec(path);
      if (!found) continue;
      const result = handle(request, query, body, ...found.slice(1).map(decodeURIComponent));
      if (result === undefined) throw new Refusal(404, 'not_found');
      if (query.get('format') === 'csv' && result.items) return { raw: csv_of(result), type: 'text/csv; charset=utf-8' };
      return result && ('value' in result && 'cookie' in result || 'status' in result && typeof result.status === 'number' || 'raw' in result) ? result : { value: result };
    }
    throw new Refusal(404, 'not_found', path);
  }
  return { answer, state, alarm_doc, case_doc };
}
