import { describe, expect, it } from 'vitest';
import { ask, isAlive, task, until, useTrainers } from './testing/use-trainers.js';

const trainers = useTrainers();

describe('TrainerProcess', () => {
  it('starts one process at the first call, and not before', async () => {
    const subject = trainers.start();
    expect(subject.processId).toBeNull();
    expect(await subject.health()).toEqual({ running: false, problem: null, status: null });
    expect(subject.processId).toBeNull();
    const [a, b] = await Promise.all([subject.call('status', {}), subject.call('status', {})]);
    expect(a.processId).toBe(subject.processId);
    expect(b.processId).toBe(subject.processId);
    expect(await subject.health()).toMatchObject({ running: true, status: { processId: subject.processId } });
  });

  it('gives progress and the result of each request to its own caller', async () => {
    const subject = trainers.start();
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
    expect(await trainers.start().call('generate', ask('tokens'), { onProgress: failing })).toMatchObject({
      text: 'abc',
    });
    expect(trainers.logs).toContainEqual({
      level: 'error',
      message: expect.stringContaining('listener'),
      fields: { reason: expect.stringContaining('the socket is closed') },
    });
  });

  it('puts characters together that arrive byte by byte', async () => {
    expect(await trainers.start().call('generate', ask('split'))).toMatchObject({ text: 'naïve 😀' });
  });

  it('reads lines of megabytes', async () => {
    const { logprobs } = await trainers.start().call('generate', ask('long'));
    expect(logprobs).toHaveLength(400_000);
    expect(logprobs[399_999]).toBe(-399_999 / 3);
  });

  it('sends requests of megabytes', async () => {
    const subject = trainers.start();
    const prompt = { ...ask('tokens'), padding: 'x'.repeat(5_000_000) };
    expect(await subject.call('generate', prompt)).toMatchObject({ text: 'abc' });
  });

  it('ignores and logs what is no event on stdout, and forwards stderr', async () => {
    await trainers.start().call('generate', ask('noise'));
    await until(() => trainers.logs.length >= 5);
    expect(
      trainers.logs.filter(({ message }) => message.includes('no event')).map(({ fields }) => fields['line']),
    ).toEqual(['a library says hello', '[]', '{"id":"x"}']);
    expect(trainers.logs).toContainEqual({ level: 'warn', message: 'as JSON', fields: { size: 3 } });
    expect(trainers.logs).toContainEqual({ level: 'info', message: 'in plain words', fields: {} });
  });

  it('passes errors on with their code, and an unknown code as internal', async () => {
    const subject = trainers.start();
    await expect(subject.call('generate', ask('refuse'))).rejects.toMatchObject({
      code: 'context_too_long',
      details: { tokens: 9 },
    });
    await expect(subject.call('generate', ask('unknown-code'))).rejects.toMatchObject({ code: 'internal' });
  });

  describe('cancellation', () => {
    it('refuses at once what was cancelled before', async () => {
      const subject = trainers.start();
      const options = { signal: AbortSignal.abort() };
      await expect(subject.call('generate', ask('tokens'), options)).rejects.toMatchObject({ code: 'cancelled' });
    });

    it('tells the trainer, and waits for it to let go of a step', async () => {
      const subject = trainers.start();
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
      const subject = trainers.start({ cancelMs: 100 });
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
      const subject = trainers.start();
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
});
