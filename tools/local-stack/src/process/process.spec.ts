import { describe, expect, it } from 'vitest';
import type { ServicePlan } from '../plan/service-plan.js';
import { until } from '../testing/make-settings.js';
import { causeOfEnd } from './cause-of-end.js';
import { isGroupAlive } from './process-group.js';
import { identityOf, isAlive } from './process-identity.js';
import { RunningProcess } from './running-process.js';

function start(script: string, lines: string[] = []): RunningProcess {
  return run([process.execPath, '-e', script], lines);
}

function run(command: readonly string[], lines: string[] = []): RunningProcess {
  const health = { kind: 'gateway', url: null } as const;
  const plan: ServicePlan = {
    name: 'gateway',
    command,
    workingDirectory: '/',
    env: { ADDED: 'yes' },
    ports: [],
    health,
    startLimitMs: 1000,
  };
  return RunningProcess.start(plan, { PATH: process.env['PATH'] }, (line) => lines.push(line));
}

describe('a process', () => {
  it('gives its lines, of both streams, and its end', async () => {
    const lines: string[] = [];
    const end = await start('console.log(process.env.ADDED); console.error("late"); process.exitCode = 3', lines).end;
    expect(lines.sort()).toEqual(['late', 'yes']);
    expect(end).toMatchObject({ exitCode: 3, signal: null, cause: 'exit code 3', mayRestart: true });
  });

  it('that can’t be started says why, and is not tried again', async () => {
    const running = run(['/no/such/program']);
    expect(running.identity).toBeNull();
    const end = await running.end;
    expect(end.cause).toMatch(/^it can't be started \(.*ENOENT\)$/);
    expect(end.mayRestart).toBe(false);
    await running.stop(0);
  });

  it('ends with everything that it has started, also when that doesn’t want to', async () => {
    const stubborn = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
    const lines: string[] = [];
    const running = start(
      `const { spawn } = require("node:child_process");
       const child = spawn(process.execPath, ["-e", ${JSON.stringify(`${stubborn} console.log("up")`)}], { stdio: "inherit" });
       console.log("child " + child.pid); setInterval(() => {}, 1000);`,
      lines,
    );
    await until(() => lines.includes('up'));
    const child = identityOf(Number(lines.find((line) => line.startsWith('child'))?.slice(6)));
    expect(isAlive(child)).toBe(true);
    await running.stop(300);
    expect([isAlive(child), isGroupAlive(running.identity!.processId)]).toEqual([false, false]);
    expect((await running.end).signal).toBe('SIGTERM');
  });

  it('is not waited for when there is hurry', async () => {
    const lines: string[] = [];
    const running = start(
      'process.on("SIGTERM", () => console.log("no")); setInterval(() => {}, 1000); console.log("up")',
      lines,
    );
    await until(() => lines.includes('up'));
    const hurry = new AbortController();
    const stopping = running.stop(600_000, hurry.signal);
    await until(() => lines.includes('no'));
    hurry.abort();
    await stopping;
    expect((await running.end).signal).toBe('SIGKILL');
  });

  it('takes along what it leaves behind when it is killed', async () => {
    const lines: string[] = [];
    const running = start(
      `const child = require("node:child_process").spawn("sleep", ["60"]); console.log("child " + child.pid); setInterval(() => {}, 1000);`,
      lines,
    );
    await until(() => lines.length > 0);
    const child = identityOf(Number(lines[0]?.slice(6)));
    running.kill();
    expect(await running.end).toMatchObject({ signal: 'SIGKILL' });
    expect(isAlive(child)).toBe(false);
  });

  it('is told apart from a later one with its number', () => {
    const here = identityOf(process.pid);
    expect(isAlive(here)).toBe(true);
    expect(isAlive({ ...here, startedAt: '1' })).toBe(false);
    expect(isAlive({ processId: 2 ** 22 + 1, startedAt: null })).toBe(false);
  });
});

describe('the cause of an end', () => {
  const end = { exitCode: 1, signal: null, notStarted: null, lastLines: [] };

  it.each([
    [
      { ...end, lastLines: ['torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB'] },
      'out of GPU memory (exit code 1)',
      'gpu_memory_utilization',
    ],
    [
      { ...end, lastLines: ['ValueError: No available memory for the cache blocks.'] },
      'out of GPU memory (exit code 1)',
      'nvidia-smi',
    ],
    [
      { ...end, exitCode: null, signal: 'SIGABRT', lastLines: ['FATAL ERROR: JavaScript heap out of memory'] },
      'out of memory (killed by SIGABRT)',
      'smaller base model',
    ],
    [{ ...end, exitCode: null, signal: 'SIGKILL' }, 'killed by SIGKILL, perhaps out of memory', 'dmesg'],
    [{ ...end, exitCode: 137 }, 'exit code 137, perhaps out of memory', 'dmesg'],
  ])('%j is %s', (raw, cause, remedy) => {
    expect(causeOfEnd(raw).cause).toBe(cause);
    expect(causeOfEnd(raw).remedy).toContain(remedy);
    expect(causeOfEnd(raw).mayRestart).toBe(true);
  });

  it('is the exit code where nothing else is known', () => {
    expect(causeOfEnd(end)).toMatchObject({ cause: 'exit code 1', remedy: null });
  });
});
