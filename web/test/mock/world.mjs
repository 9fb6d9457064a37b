// SPDX-License-Identifier: Apache-2.0
// A small pretended city for tests and page work: areas, assets, alarms, cases, people. Deterministic from its seed.
const kDistricts = `500101 万州区 108.4022 30.7064|500102 涪陵区 107.3295 29.6612|500103 渝中区 106.5366 29.5521|500104 大渡口区 106.4548 29.4207
500105 江北区 106.7031 29.6160|500106 沙坪坝区 106.3642 29.6270|500107 九龙坡区 106.3603 29.4311|500108 南岸区 106.6568 29.5384
500109 北碚区 106.5102 29.8637|500110 綦江区 106.7188 28.8818|500111 大足区 105.7391 29.6527|500112 渝北区 106.7429 29.8129
500113 巴南区 106.7477 29.3746|500114 黔江区 108.7043 29.4383|500115 长寿区 107.1355 29.9571|500116 江津区 106.2595 29.0327
500117 合川区 106.3077 30.1151|500118 永川区 105.8694 29.2932|500119 南川区 107.1670 29.1383|500120 璧山区 106.1881 29.5640
500151 铜梁区 106.0294 29.8137|500152 潼南区 105.8124 30.1423|500153 荣昌区 105.5032 29.4666|500154 开州区 108.3780 31.2730
500155 梁平区 107.7147 30.6609|500156 武隆区 107.7052 29.3760`
  .split(/[|\n]/).map((row) => row.split(' ')).map(([code, name, lng, lat]) => ({ code, name, centre: [Number(lng), Number(lat)] }));
const kEnglish = { 500103: 'Yuzhong', 500104: 'Dadukou', 500105: 'Jiangbei', 500106: 'Shapingba', 500107: 'Jiulongpo', 500108: 'Nan’an', 500109: 'Beibei', 500112: 'Yubei', 500113: 'Ba’nan' };
const kBox = [105.3, 28.5, 109.2, 31.6];
const kCentral = ['500103', '500104', '500105', '500106', '500107', '500108', '500109', '500112', '500113'];

export function random_of(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// The Voronoi cell of a centre: the box cut by the bisectors to every other centre.
function cell(centre, others) {
  let ring = [[kBox[0], kBox[1]], [kBox[2], kBox[1]], [kBox[2], kBox[3]], [kBox[0], kBox[3]]];
  for (const other of others) {
    if (other === centre) continue;
    const mid = [(centre[0] + other[0]) / 2, (centre[1] + other[1]) / 2];
    const normal = [other[0] - centre[0], other[1] - centre[1]];
    const side = (p) => (p[0] - mid[0]) * normal[0] + (p[1] - mid[1]) * normal[1];
    const cut = [];
    ring.forEach((p, i) => {
      const q = ring[(i + 1) % ring.length];
      const a = side(p);
      const b = side(q);
      if (a <= 0) cut.push(p);
      if ((a < 0 && b > 0) || (a > 0 && b < 0)) cut.push([p[0] + ((q[0] - p[0]) * a) / (a - b), p[1] + ((q[1] - p[1]) * a) / (a - b)]);
    });
    ring = cut;
  }
  return [...ring, ring[0]];
}

const iso = (ms) => new Date(ms).toISOString();
const hex = (n, width = 16) => n.toString(16).padStart(width, '0');

const kKinds = [
  { name: 'septic_tank', title_zh: '化粪池', title_en: 'Septic tank', points: [{ name: 'ch4', title_zh: '甲烷', title_en: 'Methane', unit: '%LEL', interval_s: 30, decimals: 1 }, { name: 'level', title_zh: '液位', title_en: 'Liquid level', unit: 'm', interval_s: 60, decimals: 2 }] },
  { name: 'ancient_tree', title_zh: '古树名木', title_en: 'Ancient tree', points: [{ name: 'tilt', title_zh: '倾斜度', title_en: 'Tilt', unit: 'deg', interval_s: 60, decimals: 2 }, { name: 'soil_moisture', title_zh: '土壤含水量', title_en: 'Soil moisture', unit: '%', interval_s: 300, decimals: 1 }] },
  { name: 'manhole_cover', title_zh: '井盖', title_en: 'Manhole cover', points: [{ name: 'tilt', title_zh: '倾角', title_en: 'Tilt', unit: 'deg', interval_s: 600, decimals: 0 }] },
  { name: 'slope', title_zh: '边坡', title_en: 'Slope', points: [{ name: 'displacement', title_zh: '位移', title_en: 'Displacement', unit: 'mm', interval_s: 60, decimals: 1 }] },
];
const kPacks = [
  { name: 'septic_gas', version: '1.0', title_zh: '化粪池气体', title_en: 'Septic tank gas', kinds: ['septic_tank'], rules: [{ alert: 'ch4_high', title_zh: '甲烷浓度过高', title_en: 'Methane too high', levels: [{ level: 'yellow', expr: 'ch4 >= 25', for: '60s' }, { level: 'orange', expr: 'ch4 >= 50', for: '30s' }, { level: 'red', expr: 'ch4 >= 100', for: '0s' }] }] },
  { name: 'trees', version: '1.0', title_zh: '古树名木', title_en: 'Ancient trees', kinds: ['ancient_tree'], rules: [{ alert: 'tilting', title_zh: '古树倾斜', title_en: 'Tree is tilting', levels: [{ level: 'blue', expr: 'tilt >= 2', for: '5m' }, { level: 'yellow', expr: 'tilt >= 4', for: '5m' }] }] },
  { name: 'covers', version: '1.0', title_zh: '井盖', title_en: 'Manhole covers', kinds: ['manhole_cover'], rules: [{ alert: 'open', title_zh: '井盖开启', title_en: 'Cover is open', levels: [{ level: 'orange', expr: 'tilt > 15', for: '0s' }] }] },
  { name: 'slopes', version: '1.0', title_zh: '边坡', title_en: 'Slopes', kinds: ['slope'], rules: [{ alert: 'moving', title_zh: '边坡位移', title_en: 'Slope is moving', levels: [{ level: 'blue', expr: 'displacement >= 5', for: '10m' }, { level: 'red', expr: 'displacement >= 30', for: '0s' }] }] },
];
const kCases = [['0303', 'component', '路灯井盖破损'], ['0403', 'component', '古树倾斜'], ['0101', 'component', '化粪池气体超限'], ['0201', 'event', '占道经营'], ['0105', 'event', '暴露垃圾']];
const kStages = ['reported', 'pending_dispatch', 'pending_handle', 'handling', 'pending_feedback', 'checking', 'pending_close', 'closed', 'suspended'];

export function make_world({ seed = 7, assets = 1200, alarms = 9, cases = 60, now = () => Date.now() } = {}) {
  const random = random_of(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const centres = kDistricts.map((one) => one.centre);
  const areas = [
    { code: '50', name: '重庆市', name_en: 'Chongqing', parent: '' },
    ...kDistricts.map(({ code, name }) => ({ code, name, name_en: kEnglish[code] ?? '', parent: '50' })),
  ];
  const shapes = {
    type: 'FeatureCollection',
    features: kDistricts.map(({ code, name, centre }) => ({ type: 'Feature', id: Number(code), properties: { code, name, name_en: kEnglish[code] ?? '', parent: '50', synthetic: true }, geometry: { type: 'Polygon', coordinates: [cell(centre, centres)] } })),
  };
  const units = kDistricts.map(({ code, name }) => ({ id: `${code}-sanitation`, name: `${name}城市管理局`, area: code, duties: ['sanitation', 'street'], phone: '', enabled: true }));
  const world = { areas, shapes, units, kinds: kKinds, packs: kPacks, assets: new Map(), alarms: new Map(), cases: new Map(), reports: new Map(), seq: 100, next: 1, now };

  for (let i = 0; i < assets; i += 1) {
    const kind = kKinds[i % 20 === 7 ? 1 : i % 3 === 0 ? 0 : i % 7 === 1 ? 3 : 2];
    const code = pick(kCentral);
    const district = kDistricts.find((one) => one.code === code);
    const place = [district.centre[0] + (random() - 0.5) * 0.13, district.centre[1] + (random() - 0.5) * 0.1];
    const nearest = kDistricts.reduce((a, b) => (Math.hypot(place[0] - a.centre[0], place[1] - a.centre[1]) < Math.hypot(place[0] - b.centre[0], place[1] - b.centre[1]) ? a : b));
    const id = `${kind.name}-${nearest.code}-${String(i).padStart(5, '0')}`;
    world.assets.set(id, { id, kind: kind.name, name: `${nearest.name.slice(0, -1)} ${i} 号${kind.title_zh}`, location: { type: 'Point', coordinates: place }, area: nearest.code, attributes: kind.name === 'ancient_tree' ? { age_years: 210, family: '桑科榕属', height_m: 18, crown_m: 22 } : { depth_m: 3.2 }, component_code: '', life: 'in_use', owner_unit: `${nearest.code}-sanitation`, keeper_unit: `${nearest.code}-sanitation`, silence: null, rev: 1 });
  }
  world.asset_list = [...world.assets.values()];
  world.make_alarm = make_alarm;
  for (let i = 0; i < alarms; i += 1) make_alarm(now() - Math.floor(random() * 3600_000), i % 4 === 3);
  for (let i = 0; i < cases; i += 1) make_case(now() - Math.floor(random() * 86400_000 * 2), kStages[i % kStages.length]);
  for (let i = 0; i < 7; i += 1) make_report(now() - i * 400_000, i % 3 === 2 ? 'placeless' : 'waiting');
  world.make_case = make_case;
  world.make_report = make_report;
  return world;

  function make_alarm(at, seen = false, asset = pick(world.asset_list)) {
    const pack = kPacks.find((one) => one.kinds.includes(asset.kind));
    const rule = pack.rules[0];
    const step = pick(rule.levels);
    const [point, , limit] = step.expr.split(' ');
    const spec = kKinds.find((one) => one.name === asset.kind).points.find((one) => one.name === point);
    const alarm = { id: `a-${hex(world.next++)}`, rule: `${pack.name}/${rule.alert}`, state: 'firing', level: step.level, peak: step.level, acknowledged: seen, acknowledged_by: seen ? 'user:li' : null, acknowledged_at: seen ? iso(at + 60000) : null, asset: asset.id, asset_name: asset.name, kind: asset.kind, area: asset.area, location: asset.location, raised_at: iso(at), cleared_at: null, changed_at: iso(at), point, value: Math.round((Number(limit) * 1.12 + random() * 3) * 10) / 10, unit: spec.unit, title_zh: rule.title_zh, title_en: rule.title_en, case: null, shelved_until: null, drill: false, inhibited_by: '', false_alarm: false, note: '' };
    world.alarms.set(alarm.id, alarm);
    return alarm;
  }

  function make_case(at, stage) {
    const asset = pick(world.asset_list);
    const [code, type, title] = pick(kCases);
    const day = iso(at + 8 * 3600_000).slice(0, 10).replaceAll('-', '');
    const no = `${asset.area}${day}${String(world.next++).padStart(5, '0')}`;
    const deadline = at + 3600_000 * (2 + Math.floor(random() * 60));
    const closed = stage === 'closed';
    const file = { no, stage, class: { scheme: 'GB2013', type, code }, urgency: pick(['normal', 'normal', 'urgent', 'very_urgent']), title: `${asset.name} ${title}`, area: asset.area, area_name: areas.find((one) => one.code === asset.area).name, address: '', location: asset.location, asset: asset.id, asset_name: asset.name, alarms: [], reports: [], unit: stage === 'reported' || stage === 'pending_dispatch' ? null : `${asset.area}-sanitation`, unit_name: stage === 'reported' || stage === 'pending_dispatch' ? '' : units.find((one) => one.area === asset.area).name, handler: stage === 'handling' ? 'user:wang' : null, deadline: { stage, at: iso(deadline), paused: stage === 'suspended' }, rev: 3, opened_at: iso(at), changed_at: iso(at), closed_at: closed ? iso(at + 3600_000) : null, level: 'none', clocks: [{ stage, started: iso(at), deadline: iso(deadline), limit: '4WH', note: '', stopped: closed ? iso(at + 3600_000) : null, paused: stage === 'suspended', reminded: 0 }], candidates: [{ unit: `${asset.area}-sanitation`, score: 0.9, because: '辖区与职责相符' }], returns: 0, reworks: 0, timeline: [{ seq: 1, at: iso(at), actor: 'system', actor_name: '系统', action: 'open', from: 'reported', to: 'pending_dispatch', comment: '', fields: {}, attachments: [] }] };
    world.cases.set(no, file);
    return file;
  }

  function make_report(at, state) {
    const asset = pick(world.asset_list);
    const report = { id: `r-${hex(world.next++)}`, source: pick(['citizen', 'inspector', 'hotline', 'camera']), title: pick(['井盖裂了', '路边垃圾没人清', '路灯不亮', '人行道占道']), text: '旁边是学校,孩子很多,请尽快处理。', class: { scheme: 'GB2013', type: 'component', code: '0303' }, location: state === 'placeless' ? null : asset.location, area: asset.area, address: state === 'placeless' ? '谊园路附近' : '', asset: null, attachments: [], at: iso(at), received_at: iso(at), state, case: null, reporter: { name: '王**', phone: '138****2210' } };
    world.reports.set(report.id, report);
    return report;
  }
}
