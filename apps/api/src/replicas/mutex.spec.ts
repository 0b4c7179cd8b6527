import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { KeyedMutex } from './keyed-mutex.js';
import { Mutex } from './mutex.js';

describe('a mutex', () => {
  it('runs one piece of work at a time, in order, also after one that failed', async () => {
    const mutex = new Mutex();
    const seen: string[] = [];
    const work = (name: string, milliseconds: number) => async () => {
      seen.push(`${name} begins`);
      await delay(milliseconds);
      seen.push(`${name} ends`);
      if (name === 'b') throw new Error('b failed');
      return name;
    };
    const results = await Promise.allSettled([
      mutex.run(work('a', 20)),
      mutex.run(work('b', 0)),
      mutex.run(work('c', 0)),
    ]);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(mutex.isFree).toBe(true);
  });

  it('of one key does not wait for another', async () => {
    const mutexes = new KeyedMutex<string>();
    let open = (): void => undefined;
    const blocked = mutexes.run('a', () => new Promise<void>((resolve) => (open = resolve)));
    expect(await mutexes.run('b', async () => 'b')).toBe('b');
    const waiting = mutexes.run('a', async () => 'a');
    await delay(5);
    open();
    await blocked;
    expect(await waiting).toBe('a');
  });
});
