// SPDX-License-Identifier: Apache-2.0
// Short words about what was just done; failures stay until they are read.
import { ref } from 'vue';
import { Problem } from '@core/api';
import { has_term, term } from '@core/i18n/terms';
import { t } from '@core/i18n/words';

export interface ToastAction { label: string; perform: () => void }
export interface Toast { id: number; text: string; detail?: string; tone: 'plain' | 'wrong'; action?: ToastAction }
export const toasts = ref<Toast[]>([]);
let next = 1;

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function say(text: string, options: { detail?: string; action?: ToastAction; ms?: number } = {}): number {
  const id = next++;
  const toast: Toast = { id, text, tone: 'plain' };
  if (options.detail) toast.detail = options.detail;
  if (options.action) toast.action = options.action;
  toasts.value = [...toasts.value.slice(-3), toast];
  setTimeout(() => dismiss(id), options.ms ?? 5000);
  return id;
}

export function problem_text(error: unknown): { text: string; detail: string } {
  if (!(error instanceof Problem)) return { text: t('failed'), detail: error instanceof Error ? error.message : String(error) };
  const text = has_term('problem', error.code) ? term('problem', error.code) : error.detail || t('failed');
  const why = typeof error.body['why'] === 'string' ? error.body['why'] : error.detail;
  return { text, detail: [why === text ? '' : why, error.code].filter(Boolean).join(' · ') };
}

export function say_problem(error: unknown): void {
  const { text, detail } = problem_text(error);
  toasts.value = [...toasts.value.slice(-3), { id: next++, text, detail, tone: 'wrong' }];
}
