// SPDX-License-Identifier: Apache-2.0
// The keys of every list page: j/k move, Enter opens, x selects, / filters, r refreshes. The
// page's table carries the template ref `table`.
import { useTemplateRef, type ShallowRef } from 'vue';
import { use_operations, type Operation } from '@core/operation';
import { t } from '../words';

export interface TableHandle { move: (by: number) => void; open_current: () => void; toggle_current: () => void; toggle_all: () => void }

// Returns the table, for a page that asks more of it.
export function use_table_keys<Table extends TableHandle = TableHandle>(title: () => string, reload: () => void, more: () => Operation[] = () => []): Readonly<ShallowRef<Table | null>> {
  const table = useTemplateRef<Table>('table');
  use_operations(title, () => [
    { id: 'next', label: t('key_next'), key: 'j', perform: () => table.value?.move(1) },
    { id: 'previous', label: t('key_previous'), key: 'k', perform: () => table.value?.move(-1) },
    { id: 'down', label: t('key_next'), key: 'ArrowDown', perform: () => table.value?.move(1) },
    { id: 'up', label: t('key_previous'), key: 'ArrowUp', perform: () => table.value?.move(-1) },
    { id: 'open', label: t('key_open'), key: 'Enter', perform: () => table.value?.open_current() },
    { id: 'select', label: t('key_select'), key: 'x', perform: () => table.value?.toggle_current() },
    { id: 'filter', label: t('key_filter'), key: '/', perform: () => document.querySelector<HTMLInputElement>('[data-filter]')?.focus() },
    { id: 'refresh', label: t('key_refresh'), key: 'r', perform: reload },
    ...more(),
  ]);
  return table;
}
