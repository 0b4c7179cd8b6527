import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DistillationTask, GenerationRequest } from '@claas/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrainerLimits } from '@claas/trainer-client';
import type { TrainerLogRecord } from '@claas/trainer-client';
import { TrainerProcess } from './trainer-process.js';

const DOUBLE = fileURLToPath(new URL('./__fixtures__/trainer-double.mjs', import.meta.url));

function ask(text: string): GenerationRequest & { adapter: null } {
  const sampling = { temperature: 0, topP: null, topK: null, seed: null, maxTokens: 1, stop: [], topLogprobs: 0 };
  return { prompt: { kind: 'text', text }, sampling, adapter: null };
}

/** What the double reads of a task. */
function task(feedback: string): DistillationTask {
  return { feedback } as DistillationTask;
}

function isAlive(processId: number | null): boolean {
  if (processId === null) return false;
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('TrainerProcess', () => {
  let folder: string;
  let logs: TrainerLogRecord[];
  let trainers: TrainerProcess[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claas-trainer-process-'));
    logs = [];
    trainers = [];
  });

  afterEach(async () => {
    await Promise.all(trainers.map((trainer) => trainer.close()));
    await rm(folder, { recursive: true });
  });

  function trainer(limits: Partial<TrainerLimits> = {}, atStart = 'well'): TrainerProcess {
    const made = new TrainerProcess({
      command: process.execPath,
      args: [DOUBLE, atStart, join(folder, 'marker')],
      env: {},
      model: { modelDirectory: '/nowhere', baseModel: 'double' },
      limits: { stopMs: 2_000, backoffMs: 200, ...limits },
      onLog: (record) => logs.push(record),
    });
    trainers.push(made);
    return made;
  }

  it('starts one process at the first call, and not before', async () => {
    const subject = trainer();
    expect(subject.processId).toBeNull();
    expect(await subject.health()).toEqual({ running: false, problem: null, status: null });
    expect(subject.processId).toBeNull();
    const [a, b] = await Promise.all([subject.call('status', {}), subject.call('status', {})]);
    expect(a.processId).toBe(subject.processId);
    expect(b.processId).toBe(subject.processId);
    expect(await subject.health()).toMatchObject({ running: true, status: { processId: subject.processId } });
  });

  it('gives progress and the result of each request to its own caller', async () => {
    const subject = trainer();
    const texts: string[] = [];
    const results = await Promise.all([
      subject.call('generate', ask('tokens'), { onProgress: ({ text }) => texts.push(text) }),
      subject.call('generate', ask('noise')),
    ]);
    expect(results.map(({ text }) => text)).toEqual(['abc', 'after the noise']);
    expect(texts).toEqual(['a', 'b', 'c']);
  });

  it('survives a caller whose listener fails', async () => {
    const failing = (): never => {
      throw new Error('the socket is closed');
    };
    expect(await trainer().call('generate', ask('tokens'), { onProgress: failing })).toMatchObject({ text: 'abc' });
    expect(logs).toContainEqual({
      level: 'error',
      message: expect.stringContaining('listener'),
      fields: { reason: expect.stringContaining('the socket is closed') },
    });
  });

  it('puts characters together that arrive byte by byte', async () => {
    expect(await trainer().call('generate', ask('split'))).toMatchObject({ text: 'naïve 😀' });
  });

  it('reads lines of megabytes', async () => {
    const { logprobs } = await trainer().call('generate', ask('long'));
    expect(logprobs).toHaveLength(400_000);
    expect(logprobs[399_999]).toBe(-399_999 / 3);
  });

  it('sends requests of megabytes', async () => {
    const subject = trainer();
    const prompt = { ...ask('tokens'), padding: 'x'.repeat(5_000_000) };
    expect(await subject.call('generate', prompt)).toMatchObject({ text: 'abc' });
  });

  it('ignores and logs what is no event on stdout, and forwards stderr', async () => {
    await trainer().call('generate', ask('noise'));
    await until(() => logs.length >= 5);
    expect(logs.filter(({ message }) => message.includes('no event')).map(({ fields }) => fields['line'])).toEqual([
      'a library says hello',
      '[]',
      '{"id":"x"}',
    ]);
    expect(logs).toContainEqual({ level: 'warn', message: 'as JSON', fields: { size: 3 } });
    expect(logs).toContainEqual({ level: 'info', message: 'in plain words', fields: {} });
  });

  it('passes errors on with their code, and an unknown code as internal', async () => {
    const subject = trainer();
    await expect(subject.call('generate', ask('refuse'))).rejects.toMatchObject({
      code: 'context_too_long',
      details: { tokens: 9 },
    });
    await expect(subject.call('generate', ask('unknown-code'))).rejects.toMatchObject({ code: 'internal' });
  });

  describe('when the process dies', () => {
    it('fails what is in flight with trainer_crashed, and starts again at the next call', async () => {
      const subject = trainer();
      const waiting = subject.call('generate', ask('hang'));
      const dying = subject.call('generate', ask('die'));
      await expect(waiting).rejects.toMatchObject({ code: 'trainer_crashed', details: { signal: 'SIGKILL' } });
      await expect(dying).rejects.toMatchObject({ code: 'trainer_crashed' });
      expect(subject.processId).toBeNull();
      expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
    });

    it('says why it could not start, with what it said', async () => {
      const subject = trainer({}, 'crash-at-start');
      await expect(subject.call('status', {})).rejects.toMatchObject({
        code: 'trainer_failed_to_start',
        message: expect.stringContaining('libdouble.so is missing'),
        details: { exit_code: 3 },
      });
      expect(await subject.health()).toMatchObject({ running: false, problem: expect.stringContaining('libdouble') });
    });

    it('says so when there is no such command', async () => {
      const subject = new TrainerProcess({
        command: '/nowhere/node',
        args: [],
        env: {},
        model: { modelDirectory: '/nowhere', baseModel: 'double' },
      });
      await expect(subject.call('status', {})).rejects.toMatchObject({
        code: 'trainer_failed_to_start',
        message: expect.stringContaining('ENOENT'),
      });
      await subject.close();
    });

    it('backs off when it crashes repeatedly at start, and tries again later', async () => {
      const subject = trainer({ backoffMs: 200 }, 'crash-at-load');
      await expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_failed_to_start' });
      await expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_failed_to_start' });
      const refused = expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_failed_to_start' });
      await new Promise(setImmediate);
      expect(subject.processId).toBeNull();
      await refused;
      await new Promise((resolve) => setTimeout(resolve, 250));
      const tried = expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_failed_to_start' });
      await new Promise(setImmediate);
      expect(subject.processId).not.toBeNull();
      await tried;
    });

    it('works after a start that failed once', async () => {
      const subject = trainer({}, 'crash-at-first-start');
      await expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_failed_to_start' });
      expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
      expect((await subject.health()).problem).toBeNull();
    });

    it('passes on why the base model could not be loaded, and leaves no process', async () => {
      const subject = trainer({}, 'refuse-to-load');
      await expect(subject.call('status', {})).rejects.toMatchObject({
        code: 'base_model_invalid',
        details: { file: 'config.json' },
      });
      expect(subject.processId).toBeNull();
    });
  });

  describe('when the process is silent', () => {
    it('kills it, fails with trainer_unresponsive, and starts another at the next call', async () => {
      const subject = trainer({ noProgressMs: 1_000 });
      await subject.call('status', {});
      const first = subject.processId;
      await expect(subject.call('distill', task('hang'))).rejects.toMatchObject({ code: 'trainer_unresponsive' });
      await until(() => !isAlive(first));
      expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
      expect(subject.processId).not.toBe(first);
    });

    it('does so while it loads, too', async () => {
      const subject = trainer({ noProgressMs: 1_000 }, 'hang-at-load');
      await expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_unresponsive' });
    });

    it('does so although it still tells its status', async () => {
      const subject = trainer({ noProgressMs: 1_000 });
      const stuck = expect(subject.call('distill', task('hang'))).rejects.toMatchObject({
        code: 'trainer_unresponsive',
      });
      await subject.call('status', {});
      const first = subject.processId;
      while (isAlive(first)) {
        await subject.health();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await stuck;
    });

    it('lets it be while it shows progress, however long it takes', async () => {
      const subject = trainer({ noProgressMs: 1_000 });
      const fractions: number[] = [];
      await subject.call('distill', task('trickle'), { onProgress: ({ fraction }) => fractions.push(fraction) });
      expect(fractions).toHaveLength(10);
    });

    it('lets it be while it has nothing to do', async () => {
      const subject = trainer({ noProgressMs: 1_000 });
      await subject.call('status', {});
      const first = subject.processId;
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
      expect(subject.processId).toBe(first);
    });
  });

  describe('cancellation', () => {
    it('refuses at once what was cancelled before', async () => {
      const subject = trainer();
      const options = { signal: AbortSignal.abort() };
      await expect(subject.call('generate', ask('tokens'), options)).rejects.toMatchObject({ code: 'cancelled' });
    });

    it('tells the trainer, and waits for it to let go of a step', async () => {
      const subject = trainer();
      await subject.call('status', {});
      const first = subject.processId;
      const controller = new AbortController();
      const step = subject.call('distill', task('wait-for-cancel'), { signal: controller.signal });
      setTimeout(() => {
        controller.abort();
      }, 50);
      await expect(step).rejects.toMatchObject({ code: 'cancelled', message: 'Cancelled.' });
      expect(subject.processId).toBe(first);
    });

    it('kills a trainer that does not let go of a step in time', async () => {
      const subject = trainer({ cancelMs: 100 });
      await subject.call('status', {});
      const first = subject.processId;
      const controller = new AbortController();
      const step = subject.call('distill', task('hang'), { signal: controller.signal });
      setTimeout(() => {
        controller.abort();
      }, 20);
      await expect(step).rejects.toMatchObject({ code: 'cancelled' });
      await until(() => !isAlive(first));
    });

    it('ends the wait for an answer at once, without harm to others', async () => {
      const subject = trainer();
      const controller = new AbortController();
      const step = subject.call('distill', task('trickle'));
      const answer = subject.call('generate', ask('hang'), { signal: controller.signal });
      setTimeout(() => {
        controller.abort();
      }, 20);
      await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
      await expect(step).resolves.toBeDefined();
    });
  });

  describe('its end', () => {
    it('cancels what runs, and the next call starts another', async () => {
      const subject = trainer();
      await subject.call('status', {});
      const first = subject.processId;
      const answer = subject.call('generate', ask('hang'));
      const refused = expect(answer).rejects.toMatchObject({ code: 'cancelled' });
      await new Promise(setImmediate);
      await subject.stop();
      await refused;
      expect(isAlive(first)).toBe(false);
      expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
      expect(subject.processId).not.toBe(first);
    });

    it('is forced on a trainer that ignores the request', async () => {
      const subject = trainer({ stopMs: 100 }, 'ignore-shutdown');
      await subject.call('status', {});
      const first = subject.processId;
      await subject.stop();
      expect(isAlive(first)).toBe(false);
    });

    it('is for good after close', async () => {
      const subject = trainer();
      await subject.call('status', {});
      await subject.close();
      await expect(subject.call('status', {})).rejects.toMatchObject({ code: 'cancelled' });
      expect(subject.processId).toBeNull();
    });

    it('comes by itself after an idle time, never in the middle of a request', async () => {
      const subject = trainer({ idleMs: 150 });
      await subject.call('distill', task('trickle'));
      const first = subject.processId;
      expect(isAlive(first)).toBe(true);
      await until(() => !isAlive(first));
      expect((await subject.health()).running).toBe(false);
      expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
    });
  });
});
