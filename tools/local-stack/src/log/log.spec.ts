import { readFileSync, truncateSync, existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeWorkplace, type Workplace } from '../testing/make-settings.js';
import { readableLine } from './readable-line.js';
import { StackLog } from './stack-log.js';

let place: Workplace;
beforeEach(() => {
  place = makeWorkplace();
});
afterEach(() => {
  place.remove();
});

describe('the log', () => {
  it('has prefixes on the screen, in colour where wanted, and times in the file', () => {
    const file = path.join(place.directory, 'deep/stack.log');
    let shown = '';
    const screen = { write: (text: string) => (shown += text) };
    const colored = new StackLog(file, screen, true);
    colored.line('api', '{"level":"warn","time":"t","message":"slow","path":"/x","n":1}');
    colored.close();
    expect(shown).toBe('\u001b[36mapi     |\u001b[39m WARN slow path=/x n=1\n');
    shown = '';
    const plain = new StackLog(file, screen, false);
    plain.line('vllm', '\u001b[32mINFO\u001b[0m up  ');
    plain.line('vllm', '');
    plain.close();
    expect(shown).toBe('vllm    | INFO up\n');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^\d{4}-.*Z api {5}\| \{"level":"warn"/);
    expect(lines[1]).toMatch(/Z vllm {4}\| INFO up$/);
  });

  it('begins a new file when the old one is large, and keeps that', () => {
    const file = place.write('stack.log', '');
    truncateSync(file, 20_000_001);
    new StackLog(file, { write: () => true }, false).close();
    expect([readFileSync(file).length, existsSync(`${file}.1`)]).toEqual([0, true]);
  });

  it('leaves lines that aren’t JSON, or not the API’s, as they are', () => {
    expect(['plain', '{broken', '{"a":1}', '{"level":"info","message":"hi"}'].map(readableLine)).toEqual([
      'plain',
      '{broken',
      '{"a":1}',
      'hi',
    ]);
  });
});
