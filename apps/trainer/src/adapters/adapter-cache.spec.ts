import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdapterCache } from './adapter-cache.js';

class CountedAdapter {
  isDisposed = false;
  constructor(readonly directory: string) {}
  dispose(): void {
    if (this.isDisposed) throw new Error('disposed twice');
    this.isDisposed = true;
  }
}

describe('AdapterCache', () => {
  let root: string;
  let read: CountedAdapter[];
  let cache: AdapterCache<CountedAdapter>;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'claas-adapter-cache-'));
    read = [];
    cache = new AdapterCache(async (directory) => {
      await new Promise(setImmediate);
      if (directory.endsWith('damaged')) throw new Error('damaged');
      const adapter = new CountedAdapter(directory);
      read.push(adapter);
      return adapter;
    }, 2);
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  async function version(name: string, content = name): Promise<string> {
    const directory = join(root, name);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'adapter_config.json'), '{}');
    await writeFile(join(directory, 'adapter_model.safetensors'), content);
    return directory;
  }

  const touch = (directory: string): Promise<CountedAdapter> =>
    cache.use(directory, (adapter) => Promise.resolve(adapter));

  it('reads a version once, also for requests at the same time', async () => {
    const a = await version('a');
    const [first, second] = await Promise.all([touch(a), touch(a)]);
    expect(second).toBe(first);
    expect(await touch(a)).toBe(first);
    expect(read).toHaveLength(1);
  });

  it('frees the least recently used one beyond the limit', async () => {
    const [a, b, c] = [await version('a'), await version('b'), await version('c')];
    const first = await touch(a);
    const second = await touch(b);
    await touch(a);
    await touch(c);
    expect(second.isDisposed).toBe(true);
    expect(first.isDisposed).toBe(false);
    expect(cache.size).toBe(2);
  });

  it('never frees one that is used', async () => {
    const [a, b, c, d] = [await version('a'), await version('b'), await version('c'), await version('d')];
    const held = await cache.use(a, async (adapter) => {
      for (const other of [b, c, d]) await touch(other);
      expect(adapter.isDisposed).toBe(false);
      return adapter;
    });
    expect(cache.size).toBe(2);
    expect(held.isDisposed).toBe(false);
  });

  it('reads again what lies at the same path but is another version', async () => {
    const before = await touch(await version('a', 'first'));
    await rm(join(root, 'a'), { recursive: true });
    const after = await touch(await version('a', 'second, longer'));
    expect(after).not.toBe(before);
  });

  it('tries again after a failure', async () => {
    const damaged = await version('damaged');
    await expect(touch(damaged)).rejects.toThrow('damaged');
    await expect(touch(damaged)).rejects.toThrow('damaged');
    expect(cache.size).toBe(0);
  });
});
