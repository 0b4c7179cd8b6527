import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { FeedbackRecord } from '../client/service-types.js';
import { cut } from './cut.js';
import { bytes, change, decimal, seconds } from './numbers.js';
import { Output } from './output.js';
import { onOneLine, printable } from './printable.js';
import { receiptText } from './receipt-text.js';
import { table, type Column } from './table.js';
import { useColors } from './use-colors.js';
import { WordWrap, wrapped } from './word-wrap.js';

describe('a table', () => {
  interface Row {
    readonly name: string;
    readonly count: number;
    readonly note: string;
  }
  const rows: readonly Row[] = [
    { name: 'me/first-init', count: 3, note: 'a long note that needs room' },
    { name: '猫/ねこ', count: 12, note: '' },
  ];
  const columns: readonly Column<Row>[] = [
    { title: 'NAME', value: ({ name }) => name, shrinksTo: 8 },
    { title: 'COUNT', value: ({ count }) => String(count), align: 'right' },
    { title: 'NOTE', value: ({ note }) => note, dispensable: 1, shrinksTo: 10 },
  ];

  it('is as wide as its content where nothing limits it', () => {
    expect(table(rows, columns, null).split('\n')).toEqual([
      'NAME           COUNT  NOTE',
      'me/first-init      3  a long note that needs room',
      '猫/ねこ           12',
    ]);
  });

  it('cuts what may be cut first, then leaves columns out, and keeps to the width', () => {
    expect(table(rows, columns, 34).split('\n')).toEqual([
      'NAME          COUNT  NOTE',
      'me/first-in…      3  a long note…',
      '猫/ねこ          12',
    ]);
    expect(table(rows, columns, 21).split('\n')).toEqual([
      'NAME           COUNT',
      'me/first-init      3',
      '猫/ねこ           12',
    ]);
    expect(table(rows, columns, 15).split('\n')).toEqual(['NAME      COUNT', 'me/firs…      3', '猫/ねこ      12']);
  });

  it('has its titles when there are no rows', () => {
    expect(table([], columns, 80)).toBe('NAME  COUNT  NOTE');
  });
});

describe('text', () => {
  it('is cut by columns, not by characters', () => {
    expect(cut('abcdef', 6)).toBe('abcdef');
    expect(cut('abcdef', 5)).toBe('abcd…');
    expect(cut('猫猫猫', 5)).toBe('猫猫…');
    expect(cut('👩‍👩‍👧x👩‍👩‍👧', 4)).toBe('👩‍👩‍👧x…');
  });

  it('loses what could command a terminal', () => {
    expect(printable('a\u001b]52;c;x\u0007b\r\nc\td')).toBe('a]52;c;xb\nc\td');
    expect(onOneLine(' a\n b\u001b[2J ')).toBe('a b[2J');
  });

  it('is wrapped between words, in whatever pieces it comes', () => {
    const text = 'The capital of France is Paris.\n\n  It is lively.';
    const expected = 'The capital of\nFrance is\nParis.\n\n  It is lively.';
    expect(wrapped(text, 15)).toBe(expected);
    for (const size of [1, 2, 3, 7]) {
      const wrap = new WordWrap(15, '');
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect(pieces.map((piece) => wrap.add(piece)).join('') + wrap.end()).toBe(expected);
    }
  });

  it('shows a word as soon as it is complete', () => {
    const wrap = new WordWrap(20, '');
    expect(wrap.add('Hel')).toBe('');
    expect(wrap.add('lo wor')).toBe('Hello');
    expect(wrap.end()).toBe(' wor');
  });
});

describe('numbers', () => {
  it('have the digits that one compares by', () => {
    expect([0.0298, -10.68, 1234.5, 0, 17.066, 0.00001].map(decimal)).toEqual([
      '0.0298',
      '−10.68',
      '1235',
      '0',
      '17.07',
      '1.0e−5',
    ]);
  });

  it('say how much changed', () => {
    expect([change(0.04, 0.02), change(-10, -5), change(0, 1), change(1, 1)]).toEqual(['−50 %', '+50 %', null, '0 %']);
  });

  it('have units', () => {
    expect([850, 12_400, 61_000, 119_600].map(seconds)).toEqual(['0.8 s', '12 s', '1 min 1 s', '2 min 0 s']);
    expect([0, 999, 994_259, 999_950, 73_000_000_000].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '994 kB',
      '1.0 MB',
      '73 GB',
    ]);
  });
});

describe('a receipt', () => {
  const receipt = {
    gap_before: 0.02,
    gap_after: 0.01,
    response_logprob_before: -10,
    response_logprob_after: -12,
    tokens: [
      { text: 'The', signal: 0.5 },
      { text: ' 🌍', signal: -17.066 },
    ],
    adapter_change: 0.5,
    adapter_change_relative: 0.0016,
    warnings: ['the feedback was cut'],
    verified: null,
  };
  const record: FeedbackRecord = {
    request_id: 'f',
    status: 'verified',
    finished: true,
    lora_id: 'me/first-init',
    version: 3,
    parent_version: 2,
    receipt,
    timing_ms: { total: 1_234 },
    error: null,
    request: { feedback: 'No.' },
    created_at: '',
  };
  const output = new Output({ stdout: new PassThrough(), stderr: new PassThrough(), json: false, colors: false });

  it('is shown in a few lines', () => {
    expect(receiptText(record, output).split('\n')).toEqual([
      'Learned in 1.2 s: me/first-init is at version 3.',
      '  gap to the teacher   0.0200 → 0.0100 (−50 %)',
      '  answer’s log-prob    −10.00 → −12.00',
      '  adapter changed by   0.1600 %',
      '  served and verified  not asked',
      '  least liked          "🌍" −17.07',
      '  Note: the feedback was cut',
    ]);
  });

  it('says how to teach more when it came only a little closer', () => {
    const after = (gap_after: number): string => receiptText({ ...record, receipt: { ...receipt, gap_after } }, output);
    const hint =
      '  Hint: it came only a little closer. More --steps (up to 16), or a larger --learning-rate, teach more.';
    expect(after(0.019).split('\n').at(-2)).toBe(hint);
    expect(after(0.016)).not.toContain('Hint');
    expect(after(0.021)).not.toContain('Hint');
  });

  it('may lack what a remote engine doesn’t tell, and say what was rented', () => {
    const remote = {
      ...receipt,
      adapter_change_relative: null,
      compute: { gpu: 'L4', seconds: 12.3 },
      tokens: [],
      warnings: [],
    };
    const lines = receiptText({ ...record, receipt: remote }, output).split('\n');
    expect(lines.slice(3)).toEqual([
      "  adapter changed by   0.5000 (norm of all its weights' changes)",
      '  served and verified  not asked',
      '  rented GPU           L4, 12 s',
    ]);
    expect(receiptText({ ...record, receipt: null }, output)).toBe('Learned in 1.2 s: me/first-init is at version 3.');
  });
});

describe('colours', () => {
  it.each([
    [{}, true, null],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, null],
    [{ TERM: 'dumb' }, true, false],
    [{ FORCE_COLOR: '1' }, true, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
    [{}, false, false],
  ])('with %j and --color %s: %s', (env, isWanted, expected) => {
    expect(useColors(env, isWanted)).toBe(expected);
  });
});
