import { spawn } from 'node:child_process';
import { existsSync, lstatSync, readlinkSync, symlinkSync } from 'node:fs';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { processIdentity } from './process-identity.js';
import { withLock } from './with-lock.js';

const at = useTemporaryDirectory();
const options = { timeoutMs: 20_000, onWait: (): void => undefined };

it('lets one in at a time, and removes the lock', async () => {
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside -= 1;
  };
  await Promise.all([1, 2, 3].map(() => withLock(at('lock'), options, work)));
  expect(most).toBe(1);
  expect(existsSync(at('lock'))).toBe(false);
});

it('removes the lock when the work fails', async () => {
  const work = (): Promise<never> => Promise.reject(new Error('no'));
  await expect(withLock(at('lock'), options, work)).rejects.toThrow('no');
  expect(lstatSync(at('lock'), { throwIfNoEntry: false })).toBeUndefined();
});

it('waits for a living process, then gives up with its id', async () => {
  const child = spawn('sleep', ['30']);
  try {
    await once(child, 'spawn');
    symlinkSync(processIdentity(child.pid), at('lock'));
    const waited: string[] = [];
    const attempt = withLock(at('lock'), { timeoutMs: 600, onWait: (id) => waited.push(id) }, () =>
      Promise.resolve('in'),
    );
    await expect(attempt).rejects.toMatchObject({ failure: 'busy' });
    expect(waited).toEqual([String(child.pid)]);
    expect(readlinkSync(at('lock'))).toBe(processIdentity(child.pid));
  } finally {
    child.kill('SIGKILL');
  }
});

it('breaks the lock of a process that was killed', async () => {
  const child = spawn('sleep', ['30']);
  await once(child, 'spawn');
  symlinkSync(processIdentity(child.pid), at('lock'));
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await withLock(at('lock'), options, () => Promise.resolve('in'))).toBe('in');
});

it.runIf(process.platform === 'linux')(
  'breaks the lock of an earlier process with an id that lives again',
  async () => {
    const [id, , host] = processIdentity().split('~');
    symlinkSync(`${id!}~another-boot-1~${host!}`, at('lock'));
    expect(await withLock(at('lock'), options, () => Promise.resolve('in'))).toBe('in');
  },
);
