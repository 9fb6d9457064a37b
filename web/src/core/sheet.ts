// SPDX-License-Identifier: Apache-2.0
// A list as a workbook: headings in the language of the page, numbers and times as such, the heading row frozen. City time is
// written as it is read on the wall (UTC+8), since a sheet knows no zones. The library comes when it is first needed.
export type SheetValue = string | number | Date | null | undefined;
export interface SheetColumn<R> { title: string; width?: number; format?: string; value: (row: R) => SheetValue }  // format: of numbers, `0.0%`

const kCityOffset = 8 * 3600_000;
export const wall_clock = (ms: number): Date => new Date(ms + kCityOffset);

// A text that a spreadsheet would take for a formula stays a text: cells are typed, nothing is evaluated.
function cell(value: SheetValue, number_format?: string): { value: string | number | Date; type: StringConstructor | NumberConstructor | DateConstructor; format?: string } | null {
  if (value === null || value === undefined || value === '') return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : { value: wall_clock(value.getTime()), type: Date, format: 'yyyy-mm-dd hh:mm' };
  if (typeof value === 'number') return Number.isFinite(value) ? { value, type: Number, ...(number_format ? { format: number_format } : {}) } : null;
  return { value: value.slice(0, 32_767), type: String };  // the most a cell holds
}

export async function workbook<R>(name: string, columns: SheetColumn<R>[], rows: readonly R[]): Promise<Blob> {
  const { default: write } = await import('write-excel-file/universal');
  const heading = columns.map((one) => ({ value: one.title, type: String, fontWeight: 'bold' as const, backgroundColor: '#EAEEF2' as const }));
  const body = rows.map((row) => columns.map((one) => cell(one.value(row), one.format)));
  return write([heading, ...body], {
    sheet: name.replace(/[[\]/\\:*?]/g, ' ').slice(0, 31) || 'Sheet',
    columns: columns.map((one) => ({ width: one.width ?? 14 })),
    stickyRowsCount: 1,
    orientation: 'landscape',
  }).toBlob();
}

export function save_blob(blob: Blob, file_name: string): void {
  const url = URL.createObjectURL(blob);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = file_name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
