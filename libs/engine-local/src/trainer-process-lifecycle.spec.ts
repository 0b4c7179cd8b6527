import { describe, expect, it } from 'vitest';
import { ask, isAlive, task, until, useTrainers } from './testing/use-trainers.js';
import { TrainerProcess } from './trainer-process.js';

/** What starting a process takes is far less, also on a busy machine; the double's trickle takes longer in all. */
const NO_PROGRESS_MS = 3_000;
const BACKOFF_MS = 2_000;

const trainers = useTrainers();

describe('a trainer process that dies', () => {
  it('fails what is in flight with trainer_crashed, and starts again at the next call', async () => {
    const subject = trainers.start();
    const waiting = subject.call('generate', ask('hang'));
    const dying = subject.call('generate', ask('die'));
    await expect(waiting).rejects.toMatchObject({ code: 'trainer_crashed', details: { signal: 'SIGKILL' } });
    await expect(dying).rejects.toMatchObject({ code: 'trainer_crashed' });
    expect(subject.processId).toBeNull();
    expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
  });

  it('says why it could not start, with what it said', async () => {
    const subject = trainers.start({}, 'crash-at-start');
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
    const subject = trainers.start({ backoffMs: BACKOFF_MS }, 'crash-at-load');
    await expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_failed_to_start' });
    await expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_failed_to_start' });
    const refused = expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_failed_to_start' });
    await new Promise(setImmediate);
    expect(subject.processId).toBeNull();
    await refused;
    await new Promise((resolve) => setTimeout(resolve, BACKOFF_MS + 50));
    const tried = expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_failed_to_start' });
    await new Promise(setImmediate);
    expect(subject.processId).not.toBeNull();
    await tried;
  });

  it('works after a start that failed once', async () => {
    const subject = trainers.start({}, 'crash-at-first-start');
    await expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_failed_to_start' });
    expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
    expect((await subject.health()).problem).toBeNull();
  });

  it('passes on why the base model could not be loaded, and leaves no process', async () => {
    const subject = trainers.start({}, 'refuse-to-load');
    await expect(subject.call('status', {})).rejects.toMatchObject({
      code: 'base_model_invalid',
      details: { file: 'config.json' },
    });
    expect(subject.processId).toBeNull();
  });
});

describe('a trainer process that is silent', () => {
  it('kills it, fails with trainer_unresponsive, and starts another at the next call', async () => {
    const subject = trainers.start({ noProgressMs: NO_PROGRESS_MS });
    await subject.call('status', {});
    const first = subject.processId;
    await expect(subject.call('distill', task('hang'))).rejects.toMatchObject({ code: 'trainer_unresponsive' });
    await until(() => !isAlive(first));
    expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
    expect(subject.processId).not.toBe(first);
  });

  it('does so while it loads, too', async () => {
    const subject = trainers.start({ noProgressMs: NO_PROGRESS_MS }, 'hang-at-load');
    await expect(subject.call('status', {})).rejects.toMatchObject({ code: 'trainer_unresponsive' });
  });

  it('does so although it still tells its status', async () => {
    const subject = trainers.start({ noProgressMs: NO_PROGRESS_MS });
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
    const subject = trainers.start({ noProgressMs: NO_PROGRESS_MS });
    const fractions: number[] = [];
    await subject.call('distill', task('trickle'), { onProgress: ({ fraction }) => fractions.push(fraction) });
    expect(fractions).toHaveLength(10);
  });

  it('lets it be while it has nothing to do', async () => {
    const subject = trainers.start({ noProgressMs: NO_PROGRESS_MS });
    await subject.call('status', {});
    const first = subject.processId;
    await new Promise((resolve) => setTimeout(resolve, NO_PROGRESS_MS + 500));
    expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
    expect(subject.processId).toBe(first);
  });
});

describe('the end of a trainer process', () => {
  it('cancels what runs, and the next call starts another', async () => {
    const subject = trainers.start();
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
    const subject = trainers.start({ stopMs: 100 }, 'ignore-shutdown');
    await subject.call('status', {});
    const first = subject.processId;
    await subject.stop();
    expect(isAlive(first)).toBe(false);
  });

  it('is for good after close', async () => {
    const subject = trainers.start();
    await subject.call('status', {});
    await subject.close();
    await expect(subject.call('status', {})).rejects.toMatchObject({ code: 'cancelled' });
    expect(subject.processId).toBeNull();
  });

  it('comes by itself after an idle time, never in the middle of a request', async () => {
    const subject = trainers.start({ idleMs: 150 });
    await subject.call('distill', task('trickle'));
    const first = subject.processId;
    expect(isAlive(first)).toBe(true);
    await until(() => !isAlive(first));
    expect((await subject.health()).running).toBe(false);
    expect(await subject.call('generate', ask('tokens'))).toMatchObject({ text: 'abc' });
  });
});
