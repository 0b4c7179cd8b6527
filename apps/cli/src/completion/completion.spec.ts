import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../program/create-program.js';
import { Interrupts } from '../program/interrupts.js';
import { completeWords, type NameSource } from './complete-words.js';
import { completionScript } from './shell-scripts.js';

const program = createProgram({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: {},
  interrupts: new Interrupts(() => undefined),
});

const names: NameSource = async (kind, known) =>
  kind === 'version' ? ['0', '1', `of-${known.join('+')}`] : ['me/first', 'me/first-init', 'you/other'];

async function complete(...words: string[]): Promise<string[]> {
  return (await completeWords(program, words, names)).map(({ value }) => value);
}

describe('what a word may become', () => {
  it('is a command first, without the hidden one', async () => {
    const commands = await complete('');
    expect(commands).toContain('chat');
    expect(commands).toContain('rollback');
    expect(commands).not.toContain('complete');
    expect(await complete('fee')).toEqual(['feedback', 'feedbacks']);
  });

  it('is an option after a dash: the command’s own and the general ones', async () => {
    expect(await complete('export', '--')).toEqual([
      '--at',
      '--output',
      '--force',
      '--version',
      '--url',
      '--api-key',
      '--json',
      '--no-color',
    ]);
    expect(await complete('chat', '--tem')).toEqual(['--temperature']);
  });

  it('is an adapter, a version of it, or a choice, wherever the options stand', async () => {
    expect(await complete('chat', 'me/')).toEqual(['me/first', 'me/first-init']);
    expect(await complete('--url', 'http://x', 'rollback', '--json', 'me/first', '')).toEqual([
      '0',
      '1',
      'of-me/first',
    ]);
    expect(await complete('feedback', 'me/first', '--teacher', '')).toEqual(['self', 'remote']);
    expect(await complete('completion', 'z')).toEqual(['zsh']);
    expect(await complete('help', 'imp')).toEqual(['import']);
  });

  it('is left to the shell where it is a file or free text', async () => {
    expect(await complete('import', 'me/copy', '')).toEqual([]);
    expect(await complete('feedback', 'me/first', '--text-file', '')).toEqual([]);
    expect(await complete('list', 'me/', '')).toEqual([]);
  });
});

describe('the script for bash', () => {
  it('asks the program, whatever its path is, and doesn’t run what is typed', async () => {
    // Prints what it was asked, as proposals.
    const echo = [
      process.execPath,
      '-e',
      "for (const word of process.argv.slice(1)) console.log(word + '\\tsaid \\'it\\'')",
    ];
    const script = completionScript('bash', echo);
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      `${script}\nCOMP_WORDS=(claas chat '$(touch /tmp/never)' 'a b'); COMP_CWORD=3; _claas_complete; printf '[%s]' "\${COMPREPLY[@]}"`,
    ]);
    expect(stdout).toBe('[complete][--][chat][$(touch /tmp/never)][a b]');
  });
});
