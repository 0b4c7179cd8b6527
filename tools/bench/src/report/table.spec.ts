import { describe, expect, it } from 'vitest';
import { table } from './table.js';

describe('table', () => {
  it('makes columns as wide as their widest cell', () => {
    const rows = [
      ['teacher', '812', '9 %'],
      ['whole step', '4010', '100 %'],
    ];
    expect(table(['', 'ms', 'share'], rows)).toBe(
      ['              ms  share', '----------  ----  -----', 'teacher      812    9 %', 'whole step  4010  100 %'].join(
        '\n',
      ),
    );
  });

  it('leaves cells that a row has not empty', () => {
    expect(table(['a', 'b'], [['1']])).toBe('a  b\n-  -\n1');
  });
});
