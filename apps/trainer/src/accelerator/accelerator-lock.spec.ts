import { describe, expect, it } from 'vitest';
import { AcceleratorLock } from './accelerator-lock.js';

const NEVER = new AbortController().signal;

/** Work that is recorded when it begins and ends when it is told to. */
function recorder(lock: AcceleratorLock) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, mode: 'shared' | 'exclusive', signal = NEVER): Promise<string> =>
    lock.run(mode, signal, () => {
      begun.push(name);
      return new Promise((resolve) =>
        ends.set(name, () => {
          resolve(name);
        }),
      );
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise(setImmediate);
  };
  return { begun, run, end };
}

describe('AcceleratorLock', () => {
  it('lets answers run beside one another up to the limit', async () => {
    const { begun, run, end } = recorder(new AcceleratorLock(2));
    const all = ['a', 'b', 'c'].map((name) => run(name, 'shared'));
    await new Promise(setImmediate);
    expect(begun).toEqual(['a', 'b']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('b');
    await end('c');
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
  });

  it('keeps steps alone and everything in order of arrival', async () => {
    const { begun, run, end } = recorder(new AcceleratorLock(8));
    const all = [
      run('answer 1', 'shared'),
      run('step 1', 'exclusive'),
      run('answer 2', 'shared'),
      run('step 2', 'exclusive'),
    ];
    await new Promise(setImmediate);
    expect(begun).toEqual(['answer 1']);
    for (const name of ['answer 1', 'step 1', 'answer 2', 'step 2']) {
      expect(begun.at(-1)).toBe(name);
      await end(name);
    }
    await Promise.all(all);
  });

  it('goes on after work that fails', async () => {
    const lock = new AcceleratorLock(8);
    await expect(lock.run('exclusive', NEVER, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await lock.run('exclusive', NEVER, () => Promise.resolve(1))).toBe(1);
    expect(lock.isBusy).toBe(false);
  });

  it('lets a waiting request leave, and those behind it move up', async () => {
    const { begun, run, end } = recorder(new AcceleratorLock(8));
    const controller = new AbortController();
    const first = run('answer 1', 'shared');
    const step = run('step', 'exclusive', controller.signal);
    const second = run('answer 2', 'shared');
    controller.abort();
    await expect(step).rejects.toMatchObject({ code: 'cancelled' });
    await new Promise(setImmediate);
    expect(begun).toEqual(['answer 1', 'answer 2']);
    await end('answer 1');
    await end('answer 2');
    await Promise.all([first, second]);
  });

  it('refuses a request that was cancelled before', async () => {
    const lock = new AcceleratorLock(1);
    await expect(lock.run('shared', AbortSignal.abort(), () => Promise.resolve())).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(lock.isBusy).toBe(false);
  });
});
