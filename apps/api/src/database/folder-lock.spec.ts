import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DatabaseInUseError } from './database-in-use-error.js';
import { FolderLock } from './folder-lock.js';
import { isAlive, thisProcess, type ProcessIdentity } from './process-identity.js';

let folder: string;
let ownerFile: string;

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'claas-lock-'));
  folder = join(root, 'database');
  ownerFile = `${folder}.owner.json`;
  return () => {
    rmSync(root, { recursive: true });
  };
});

async function ownedBy(owner: ProcessIdentity): Promise<void> {
  await (await FolderLock.acquire(folder)).release();
  await writeFile(ownerFile, JSON.stringify(owner));
}

describe('a folder lock', () => {
  it('is held by one at a time', async () => {
    const lock = await FolderLock.acquire(folder);
    await expect(FolderLock.acquire(folder)).rejects.toThrow(DatabaseInUseError);
    await lock.release();
    await (await FolderLock.acquire(folder)).release();
  });

  it('goes to one of many that want it at the same time', async () => {
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => FolderLock.acquire(folder)));
    const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(winners).toHaveLength(1);
    await winners[0]?.release();
  });

  it('is taken over from a process that has ended', async () => {
    await ownedBy({ ...thisProcess(), processId: 2 ** 22 + 1, startedAt: '1' });
    await (await FolderLock.acquire(folder)).release();
  });

  it('is taken over when the number belongs to another process by now', async () => {
    await ownedBy({ ...thisProcess(), startedAt: '1' });
    const lock = await FolderLock.acquire(folder);
    expect(JSON.parse(await readFile(ownerFile, 'utf8'))).toEqual(thisProcess());
    await lock.release();
  });

  it('is not taken over from another host that gave a sign of life', async () => {
    await ownedBy({ ...thisProcess(), host: 'elsewhere' });
    await expect(FolderLock.acquire(folder)).rejects.toThrow(`process ${process.pid} on elsewhere`);
  });

  it('is taken over from another host that has been silent', async () => {
    await ownedBy({ ...thisProcess(), host: 'elsewhere' });
    const before = new Date(Date.now() - 60_000);
    await utimes(ownerFile, before, before);
    await (await FolderLock.acquire(folder)).release();
  });

  it('is taken over when its owner was cut off while it wrote its name', async () => {
    await ownedBy(thisProcess());
    await writeFile(ownerFile, '{"proc');
    await (await FolderLock.acquire(folder)).release();
  });
});

describe('a process', () => {
  it('knows whether another one lives', () => {
    expect(isAlive(thisProcess())).toBe(true);
    expect(isAlive({ ...thisProcess(), startedAt: null })).toBe(true);
    expect(isAlive({ ...thisProcess(), processId: 2 ** 22 + 1 })).toBe(false);
  });
});
