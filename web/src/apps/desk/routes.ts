// SPDX-License-Identifier: Apache-2.0
// The pages of the desk, and who sees them in the rail.
import { defineAsyncComponent, type Component } from 'vue';
import type { Page } from '@core/route';
import type { kPaths } from '@ui/components/Icon.vue';
import { t as r } from './report_words';
import { t } from './words';
import { t as s } from './shift_words';

export interface DeskPage extends Page {
  path?: string;                          // in the rail when there is one
  icon?: keyof typeof kPaths;
  group?: 'command' | 'sense' | 'supervise' | 'admin';
  roles?: string[];                       // nobody else finds it in the rail
}
const page = (load: () => Promise<{ default: Component }>): Component => defineAsyncComponent(load);
const kDesk = ['acceptor', 'shift_leader', 'dispatcher', 'leader', 'inspector', 'admin'];
const kGovern = ['admin', 'security_admin'];

export const pages: DeskPage[] = [
  { pattern: '/desk/inbox', path: '/desk/inbox', icon: 'inbox', group: 'command', roles: kDesk, title: () => t('inbox'), component: page(() => import('./pages/Inbox.vue')) },
  { pattern: '/desk/intake', path: '/desk/intake', icon: 'phone', group: 'command', roles: ['acceptor', 'admin'], title: () => s('intake'), component: page(() => import('./pages/Intake.vue')) },
  { pattern: '/desk/cases', path: '/desk/cases', icon: 'cases', group: 'command', title: () => t('cases'), component: page(() => import('./pages/Cases.vue')) },
  { pattern: '/desk/cases/:no', title: () => t('cases'), component: page(() => import('./pages/CaseFile.vue')) },
  { pattern: '/desk/callbacks', path: '/desk/callbacks', icon: 'phone', group: 'command', roles: ['acceptor'], title: () => s('callbacks'), component: page(() => import('./pages/Callbacks.vue')) },
  { pattern: '/desk/shift', path: '/desk/shift', icon: 'swap', group: 'command', roles: ['acceptor', 'shift_leader', 'dispatcher', 'admin'], title: () => s('shift'), component: page(() => import('./pages/Shift.vue')) },
  { pattern: '/desk/alarms', path: '/desk/alarms', icon: 'bell', group: 'sense', title: () => t('alarms'), component: page(() => import('./pages/Alarms.vue')) },
  { pattern: '/desk/assets', path: '/desk/assets', icon: 'asset', group: 'sense', title: () => t('assets'), component: page(() => import('./pages/Assets.vue')) },
  { pattern: '/desk/assets/:id', title: () => t('assets'), component: page(() => import('./pages/AssetFile.vue')) },
  { pattern: '/desk/scores', path: '/desk/scores', icon: 'chart', group: 'supervise', roles: ['evaluator', 'leader', 'inspector', 'shift_leader', 'dispatcher', 'unit_desk', 'admin'], title: () => t('scores'), component: page(() => import('./pages/Scores.vue')) },
  { pattern: '/desk/repeat', path: '/desk/repeat', icon: 'target', group: 'supervise', roles: ['acceptor', 'shift_leader', 'dispatcher', 'inspector', 'leader', 'evaluator', 'admin'], title: () => s('repeat'), component: page(() => import('./pages/RepeatPoints.vue')) },
  { pattern: '/desk/reports', path: '/desk/reports', icon: 'cases', group: 'supervise', roles: ['evaluator', 'leader', 'inspector', 'shift_leader', 'dispatcher', 'unit_desk', 'admin'], title: () => r('reports'), component: page(() => import('./pages/ScoreReports.vue')) },
  { pattern: '/desk/admin/audit', path: '/desk/admin/audit', icon: 'shield', group: 'supervise', roles: ['audit_admin', 'admin'], title: () => t('audit'), component: page(() => import('./pages/Audit.vue')) },
  { pattern: '/desk/admin/packs', path: '/desk/admin/packs', icon: 'book', group: 'admin', title: () => t('packs'), component: page(() => import('./pages/Packs.vue')) },
  { pattern: '/desk/admin/classes', path: '/desk/admin/classes', icon: 'filter', group: 'admin', title: () => t('classes'), component: page(() => import('./pages/Classes.vue')) },
  { pattern: '/desk/admin/sources', path: '/desk/admin/sources', icon: 'plug', group: 'admin', roles: ['admin', 'integrator', 'shift_leader', 'leader'], title: () => t('sources'), component: page(() => import('./pages/Sources.vue')) },
  { pattern: '/desk/admin/quarantine', path: '/desk/admin/quarantine', icon: 'filter', group: 'admin', roles: ['admin', 'integrator'], title: () => t('quarantine'), component: page(() => import('./pages/Quarantine.vue')) },
  { pattern: '/desk/admin/notices', path: '/desk/admin/notices', icon: 'mail', group: 'admin', roles: ['admin', 'shift_leader', 'dispatcher', 'acceptor'], title: () => t('notices'), component: page(() => import('./pages/Notices.vue')) },
  { pattern: '/desk/admin/units', path: '/desk/admin/units', icon: 'unit', group: 'admin', roles: ['admin'], title: () => t('units'), component: page(() => import('./pages/Units.vue')) },
  { pattern: '/desk/admin/users', path: '/desk/admin/users', icon: 'users', group: 'admin', roles: kGovern, title: () => t('users'), component: page(() => import('./pages/Users.vue')) },
  { pattern: '/desk/admin/access', path: '/desk/admin/access', icon: 'key', group: 'admin', roles: kGovern, title: () => t('access'), component: page(() => import('./pages/Access.vue')) },
];
