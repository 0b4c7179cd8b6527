import { expect, it } from 'vitest';
import { runCommand } from './run-command.js';

const environment = { PATH: process.env['PATH'] };
const run = (script: string, timeoutMs = 20_000) => runCommand('/bin/sh', ['-c', script], { environment, timeoutMs });

it('gives what a program says and how it ended', async () => {
  expect(await run('echo a; echo b >&2')).toEqual({ ok: true, stdout: 'a\n', stderr: 'b\n', reason: '' });
  expect(await run('exit 3')).toMatchObject({ ok: false, reason: 'ended with exit code 3' });
  expect(await run('kill -SEGV $$')).toMatchObject({ ok: false, reason: 'was ended by SIGSEGV' });
});

it('does not throw for a program that is missing', async () => {
  const result = await runCommand('/no/such/program', [], { environment, timeoutMs: 1000 });
  expect(result).toMatchObject({ ok: false, reason: expect.stringContaining('ENOENT') });
});

it('ends what a program started, when its time is over', async () => {
  const started = Date.now();
  // The child keeps the output open: without the group's end, this would wait for it.
  expect(await run('sleep 30 & sleep 30', 300)).toMatchObject({ ok: false, reason: 'took longer than 0 s' });
  expect(Date.now() - started).toBeLessThan(10_000);
});

it('ends a program when whoever watches it says so', async () => {
  const watch = (): string => 'seen enough';
  const result = await runCommand('/bin/sleep', ['30'], { environment, timeoutMs: 20_000, watch });
  expect(result.reason).toBe('seen enough');
});
