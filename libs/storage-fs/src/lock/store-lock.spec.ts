import { lutimes, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DurableWriter } from '@claas/adapter-files';
import { StoreLock } from './store-lock.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claas-lock-'));
  path = join(folder, 'lock');
});

afterEach(() => rm(folder, { recursive: true }));

describe('StoreLock', () => {
  it('lets one work at a time, through one lock or several, and leaves nothing', async () => {
    const locks = [1, 2, 3].map(() => new StoreLock(path, new DurableWriter()));
    let running = 0;
    let most = 0;
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await delay(3);
      running -= 1;
    };
    await Promise.all([...locks, ...locks, ...locks, ...locks].map((lock) => lock.run(work)));
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('gives the lock back when the work fails', async () => {
    const lock = new StoreLock(path, new DurableWriter());
    await expect(lock.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await lock.run(() => Promise.resolve(1))).toBe(1);
  });

  it('waits for the lock of another host, and then says who has it and what to do', async () => {
    await symlink('4711~1~boot~another-host~11', path);
    const lock = new StoreLock(path, new DurableWriter(), 50);
    await expect(lock.run(() => Promise.resolve())).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringMatching(`4711 on another-host.*remove ${path}`) as string,
    });
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('breaks the lock of another host when it is far older than any work', async () => {
    await symlink('4711~1~boot~another-host~11', path);
    await lutimes(path, new Date(Date.now() - 120_000), new Date(Date.now() - 120_000));
    const lock = new StoreLock(path, new DurableWriter(), 50);
    expect(await lock.run(() => Promise.resolve('done'))).toBe('done');
    expect(await readdir(folder)).toEqual([]);
  });
});
