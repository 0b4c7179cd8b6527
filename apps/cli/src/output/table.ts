import stringWidth from 'string-width';
import { cut, padEnd, padStart } from './cut.js';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: 'right';
  /** Left out where the terminal is too narrow, the highest first; missing: always shown. */
  readonly dispensable?: number;
  /** May be cut down to so many columns. */
  readonly shrinksTo?: number;
  readonly style?: (text: string, row: Row) => string;
}

const GAP = '  ';

/** Rows under titles, no wider than `width`: columns are left out, then cut. Null: as wide as it gets. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number | null): string {
  const { shown, widths } = layOut(rows, columns, width ?? Infinity);
  const place = (text: string, index: number): string => {
    const fitted = cut(text, widths[index]!);
    return shown[index]!.align === 'right' ? padStart(fitted, widths[index]!) : padEnd(fitted, widths[index]!);
  };
  const titles = shown.map(({ title }, index) => place(title, index)).join(GAP);
  const lines = rows.map((row) =>
    shown
      .map(({ value, style }, index) => {
        const text = place(value(row), index);
        return style === undefined ? text : style(text, row);
      })
      .join(GAP),
  );
  return [titles, ...lines].map((line) => line.trimEnd()).join('\n');
}

function layOut<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  limit: number,
): { shown: readonly Column<Row>[]; widths: readonly number[] } {
  let shown = columns;
  for (;;) {
    const widths = shown.map(({ title, value }) =>
      Math.max(...[title, ...rows.map(value)].map((text) => stringWidth(text))),
    );
    shrink(widths, shown, limit);
    const rank = Math.max(...shown.map(({ dispensable = 0 }) => dispensable));
    if (total(widths) <= limit || rank === 0) return { shown, widths };
    shown = shown.filter(({ dispensable = 0 }) => dispensable < rank);
  }
}

/** Takes columns from the widest that may shrink, until the row fits. */
function shrink<Row>(widths: number[], columns: readonly Column<Row>[], limit: number): void {
  while (total(widths) > limit) {
    const candidates = widths.map((width, index) => (width > (columns[index]!.shrinksTo ?? Infinity) ? width : 0));
    const widest = Math.max(...candidates);
    if (widest === 0) return;
    widths[candidates.indexOf(widest)]! -= 1;
  }
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
}
