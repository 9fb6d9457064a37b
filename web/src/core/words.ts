// SPDX-License-Identifier: Apache-2.0
// The documents that the API answers with (architecture §5, docs/api). Fields may be added by newer servers, never renamed.
export type Level = 'none' | 'blue' | 'yellow' | 'orange' | 'red';
export const kLevels: readonly Level[] = ['none', 'blue', 'yellow', 'orange', 'red'];
export function level_rank(level: string | null | undefined): number {
  return Math.max(0, kLevels.indexOf((level ?? 'none') as Level));
}

export interface Place { type: 'Point'; coordinates: [number, number] }
export interface List<T> { items: T[]; next?: string | null; total?: number }

export interface FieldNeed { name: string; required?: boolean }
// `required`: the names among `fields` that must be there.
export interface Offer { name: string; enabled: boolean; fields?: (string | FieldNeed)[]; required?: string[]; why_not?: string; code?: string }

export interface User { name: string; person?: string; roles: string[]; area?: string; unit?: string }
export interface SessionDoc {
  csrf: string;
  user: User;
  expires_at: string | null;
  idle_seconds: number;
  wall?: boolean;
  demo?: boolean;
  version?: string;
  must_change?: boolean;
}

export interface Alarm {
  id: string;
  state: 'pending' | 'firing' | 'cleared';
  level: Level;
  peak?: Level;
  acknowledged: boolean;
  acknowledged_by?: string | null;
  acknowledged_at?: string | null;
  rule: string;
  asset: string;
  asset_name?: string;
  kind?: string;
  area: string;
  location?: Place | null;
  raised_at: string;
  cleared_at?: string | null;
  changed_at?: string;
  point?: string;
  value?: number | null;
  unit?: string;
  title_zh?: string;
  title_en?: string;
  case?: string | null;
  shelved_until?: string | null;
  drill?: boolean;
  inhibited_by?: string | null;
  false_alarm?: boolean;
  note?: string;
  actions?: Offer[];
}

export interface Why {
  rule: string;
  pack_version?: string;
  expr: string;
  samples: { point: string; at: string; value: number; quality?: string }[];
  steps: { at: string; state: string; because: string }[];
}

export interface StageClock {
  stage: string;
  started: string;
  deadline?: string | null;
  limit?: string;
  note?: string;
  stopped?: string | null;
  paused?: boolean;
  reminded?: number;
  working?: boolean;
  due_soon?: boolean;
  overdue?: boolean;
}
export interface CaseClass { scheme?: string; type?: string; code?: string; title_zh?: string; title_en?: string }
// `GB2013/component/0301`, as the class table keys its rows; empty where no class is known.
export const class_key = (one?: CaseClass | null): string => (one?.code ? [one.scheme ?? 'GB2013', one.type ?? 'event', one.code].join('/') : '');
export interface ClassCondition { id: string; filing: string; closing: string; limit: string; limit_b?: string; limit_c?: string; from?: string; until?: string }
export interface ClassStandard {
  key: string;
  scheme: string;
  type: string;
  code: string;
  name: string;
  name_en?: string;
  duty?: string;
  local?: boolean;
  radius_m?: number;
  hours?: number;
  note?: string;
  conditions: ClassCondition[];
}
export interface TimelineEntry {
  seq: number;
  at: string;
  actor: string;
  actor_name?: string;
  action: string;
  from?: string;
  to?: string;
  comment?: string;
  fields?: Record<string, string>;
  attachments?: string[];
}
export interface Candidate { unit: string; unit_name?: string; score: number; because: string }
// What befell a case beside its stages (domain: 延期, 挂账, 督办, 申诉, 回访, 回头看, 拆分).
export interface Course {
  request?: { kind: string; by: string; reason: string; at: string; until?: string | null; endorsed: boolean } | null;
  extensions: number;
  first_limit?: string | null;
  suspended_until?: string | null;
  supervisions: { kind: string; by: string; by_name: string; requirement: string; at: string; due?: string | null; replied_at?: string | null; reply: string; concluded_at?: string | null; escalated: boolean }[];
  appeal?: { by: string; reason: string; at: string; state: string } | null;
  exempt: boolean;
  satisfaction?: string | null;
  look_back?: string | null;
  standard?: string | null;
  grade?: string | null;
  settled?: string | null;
  reopens: number;
  parent?: string | null;
  children: string[];
}
export interface Notice {
  id: string;
  subject: string;
  type: string;
  channel: string;
  target: string;
  state: string;
  level?: Level;
  step?: number;
  created_at?: string;
  attempts: number;
  next_attempt?: string | null;
  held_until?: string | null;
  last_error?: string | null;
  sent_at?: string | null;
  delivered_at?: string | null;
  read_at?: string | null;
}
export interface NoticePreview { receiver: string; channel: string; target: string; language: string; title: string; text: string }
export interface Order {
  id: string;
  kind?: string;
  case: string;
  case_no?: string;
  unit: string;
  handler?: string;
  state: string;
  sent_at?: string;
  accepted_at?: string | null;
  arrived_at?: string | null;
  finished_at?: string | null;
  case_title?: string;
  case_stage?: string;
  case_rev?: number;
  deadline?: string | { at?: string | null } | null;
  limit?: string;
  working?: boolean;
  location?: Place | null;
  address?: string;
  level?: Level;
  asset?: string;
}
export interface Report {
  id: string;
  source: string;
  title: string;
  text?: string;
  class?: CaseClass | null;
  location?: Place | null;
  area?: string;
  address?: string;
  asset?: string | null;
  attachments?: string[];
  at?: string;
  received_at?: string;
  state: string;
  case?: string | null;
  reporter?: { name?: string; phone?: string } | string | null;
  rev?: number;
}
export interface Case {
  no: string;
  stage: string;
  class?: CaseClass;
  class_name?: string;
  urgency?: string;
  title: string;
  area: string;
  area_name?: string;
  address?: string;
  location?: Place | null;
  asset?: string | null;
  asset_name?: string;
  alarms?: string[];
  reports?: string[];
  unit?: string | null;
  unit_name?: string;
  handler?: string | null;
  handler_name?: string;
  deadline?: { stage?: string; at?: string | null; paused?: boolean; limit?: string; working?: boolean; due_soon?: boolean; overdue?: boolean; note?: string } | null;
  rev: number;
  course?: Course;
  merged_into?: string | null;
  opened_at: string;
  changed_at?: string;
  closed_at?: string | null;
  level?: Level;
  clocks?: StageClock[];
  candidates?: Candidate[];
  returns?: number;
  reworks?: number;
  actions?: Offer[];
  timeline?: TimelineEntry[];
  orders?: Order[];
  alarm_docs?: Alarm[];
  report_docs?: Report[];
  references?: { system: string; number: string; at: string }[];
}

export interface PointSpec {
  name: string;
  title_zh?: string;
  title_en?: string;
  unit?: string;
  interval_s?: number;
  decimals?: number;
  least?: number | null;
  most?: number | null;
}
export interface AttributeSpec { name: string; title_zh?: string; title_en?: string; unit?: string; type?: string }
export interface PointValue { at: string; value: number; quality?: string; unit?: string; age_s?: number; stale?: boolean }
export interface AssetState { asset: string; kind?: string; level?: Level; values: Record<string, PointValue> }
export interface Asset {
  id: string;
  kind: string;
  name: string;
  location?: Place | null;
  area?: string;
  area_name?: string;
  attributes?: Record<string, number | string | boolean>;
  component_code?: string;
  life?: string;
  owner_unit?: string;
  keeper_unit?: string;
  source?: string;
  silence?: { until: string; reason?: string; by?: string } | null;
  kind_title_zh?: string;
  kind_title_en?: string;
  points?: PointSpec[];
  attributes_spec?: AttributeSpec[];
  state?: AssetState;
  open_case?: string | null;
  alarms?: string[];
  rev?: number;
}
export interface Area { code: string; name: string; name_en?: string; parent?: string | null }
export interface Indicator {
  name: string;
  title_zh: string;
  title_en: string;
  value: number | null;
  unit?: string;
  numerator?: number;
  denominator?: number;
  as_of?: string;
  definition_zh?: string;
  definition_en?: string;
}
export interface PointsDoc {
  turn: number;
  kinds: string[];
  rows: [id: string, kind: number, lng: number, lat: number, level: number, name: string, area: string][];
}
export interface PackRule {
  alert: string;
  title_zh?: string;
  title_en?: string;
  advice_zh?: string;
  advice_en?: string;
  levels: { level: Level; expr: string; for?: string | number }[];
}
export interface PackKind { name: string; title_zh?: string; title_en?: string; points?: PointSpec[] }
export interface Pack {
  name: string;
  version: string;
  title_zh?: string;
  title_en?: string;
  kinds: (PackKind | string)[];
  rules: PackRule[];
}
export interface HistoryRow {
  at?: string;
  from?: string;
  value?: number;
  min?: number;
  max?: number;
  avg?: number;
  count?: number;
  quality?: string;
}
export interface Unit { id: string; name: string; area?: string; duties?: string[]; phone?: string; enabled?: boolean }
export interface Person { id?: string; name: string; person?: string; roles?: string[]; unit?: string; area?: string }
