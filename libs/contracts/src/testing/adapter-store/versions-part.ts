import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { AdapterExistsError, AdapterNotFoundError, AdapterVersionNotFoundError } from '../../errors/adapter-errors.js';
import type { ContractTest } from './store-under-test.js';
import {
  commitVersion,
  createAdapter,
  createVersions,
  idOf,
  newVersion,
  seedOf,
  stageContent,
} from './version-content.js';

export function versionsPart(test: ContractTest): void {
  test('starts empty and stays so when it is opened again', async ({ store, reopen }) => {
    expect(await store.list()).toEqual([]);
    expect([...(await store.aliases())]).toEqual([]);
    expect(await (await reopen()).list()).toEqual([]);
  });

  test('creates version 0 with what the caller says, its files, sizes and checksums', async ({ store }) => {
    const before = Date.now();
    const created = await createAdapter(store, 'user1/model', { seed: 5 });
    expect(await seedOf(created)).toBe(5);
    const { createdAt, files, ...rest } = created.manifest;
    expect(rest).toEqual({
      ...newVersion(5, { origin: 'init', feedbackId: null }),
      format: 1,
      loraId: 'user1/model',
      version: 0,
      parent: null,
    });
    expect(files).toHaveLength(3);
    expect(new Date(createdAt).toISOString()).toBe(createdAt);
    expect(Date.parse(createdAt)).toBeGreaterThanOrEqual(before - 1000);
    expect(await store.read('user1/model')).toEqual(created);
  });

  test('keeps metrics and receipt as they were given', async ({ store, reopen }) => {
    await createAdapter(store, 'a');
    const metrics = {
      totalLoss: 0.25,
      distillLoss: 0.2,
      klReg: 0.05,
      meanIsRatio: 1.01,
      clipFraction: 0,
      gradNorm: 3.5,
      tokensProcessed: 12,
      teacherMode: 'self' as const,
      steps: 2,
    };
    const directory = await stageContent(store, 1);
    await store.commit(idOf('a'), { parent: 0, directory, manifest: newVersion(1, { metrics }) });
    expect((await (await reopen()).read('a')).manifest.metrics).toEqual(metrics);
  });

  test('consumes the staged directory of a create and of a commit', async ({ store }) => {
    const first = await stageContent(store, 0);
    await store.create(idOf('a'), { directory: first, manifest: newVersion(0), aliases: [] });
    const second = await stageContent(store, 1);
    await store.commit(idOf('a'), { parent: 0, directory: second, manifest: newVersion(1) });
    await expect(readdir(first)).rejects.toThrow('ENOENT');
    await expect(readdir(second)).rejects.toThrow('ENOENT');
  });

  test('stages empty directories that differ, and discards them, gone or not', async ({ store }) => {
    const [one, two] = [await store.stage(), await store.stage()];
    expect(one).not.toBe(two);
    expect(await readdir(one)).toEqual([]);
    await store.discard(one);
    await store.discard(one);
    await expect(readdir(one)).rejects.toThrow('ENOENT');
    expect(await readdir(two)).toEqual([]);
  });

  test('sweeps unused staged directories when it is opened again', async ({ store, reopen }) => {
    const directory = await stageContent(store, 1);
    await reopen();
    await expect(readdir(directory)).rejects.toThrow('ENOENT');
  });

  test('refuses an incomplete adapter, and one that was not staged, and changes nothing', async ({ store }) => {
    await createAdapter(store, 'a');
    const incomplete = await store.stage();
    await writeFile(join(incomplete, 'adapter_config.json'), '{}');
    const elsewhere = (await store.read('a')).directory;
    for (const directory of [incomplete, elsewhere, join(incomplete, 'missing'), join(incomplete, '..')]) {
      const commit = store.commit(idOf('a'), { parent: 0, directory, manifest: newVersion(1) });
      await expect(commit).rejects.toThrow();
      await expect(store.create(idOf('b'), { directory, manifest: newVersion(1), aliases: [] })).rejects.toThrow();
    }
    await expect(store.discard(elsewhere)).rejects.toThrow();
    expect(await seedOf(await store.read('a'))).toBe(0);
    expect((await store.list()).map(({ loraId }) => loraId)).toEqual(['a']);
  });

  test('never overwrites an adapter', async ({ store }) => {
    await createAdapter(store, 'a', { seed: 1 });
    await expect(createAdapter(store, 'a', { seed: 2 })).rejects.toBeInstanceOf(AdapterExistsError);
    expect(await seedOf(await store.read('a'))).toBe(1);
  });

  test('reads every version, the head by default, also after it is opened again', async ({ store, reopen }) => {
    await createVersions(store, 'a', 4);
    for (const reader of [store, await reopen()]) {
      for (const version of [0, 1, 2, 3]) expect(await seedOf(await reader.read('a', version))).toBe(version);
      expect((await reader.read('a')).manifest.version).toBe(3);
      expect((await reader.versions('a')).map(({ version, parent }) => [version, parent])).toEqual([
        [3, 2],
        [2, 1],
        [1, 0],
        [0, null],
      ]);
    }
  });

  test('says that an adapter or a version is not there', async ({ store }) => {
    await createAdapter(store, 'a');
    await expect(store.read('b')).rejects.toBeInstanceOf(AdapterNotFoundError);
    await expect(store.versions('b')).rejects.toBeInstanceOf(AdapterNotFoundError);
    await expect(store.rollback('b', 0)).rejects.toBeInstanceOf(AdapterNotFoundError);
    await expect(store.export('b')).rejects.toBeInstanceOf(AdapterNotFoundError);
    await expect(store.prune('b', { keep: 1, inUse: [] })).rejects.toBeInstanceOf(AdapterNotFoundError);
    await expect(commitVersion(store, 'b', 0, 1)).rejects.toBeInstanceOf(AdapterNotFoundError);
    for (const version of [1, -1, 0.5, Number.NaN, 1e30]) {
      await expect(store.read('a', version)).rejects.toBeInstanceOf(AdapterVersionNotFoundError);
      await expect(store.rollback('a', version)).rejects.toBeInstanceOf(AdapterVersionNotFoundError);
      await expect(store.export('a', version)).rejects.toBeInstanceOf(AdapterVersionNotFoundError);
    }
  });

  test('moves the head back, and numbers the next version after all that were', async ({ store, reopen }) => {
    await createVersions(store, 'a', 4);
    expect((await store.rollback('a', 1)).manifest.version).toBe(1);
    expect(await seedOf(await (await reopen()).read('a'))).toBe(1);
    const { manifest } = await commitVersion(store, 'a', 1, 9);
    expect([manifest.version, manifest.parent]).toEqual([4, 1]);
    expect((await store.versions('a')).map(({ version }) => version)).toEqual([4, 3, 2, 1, 0]);
    expect(await seedOf(await store.read('a', 3))).toBe(3);
  });

  test('prunes the oldest versions, never the head, nor what is in use', async ({ store }) => {
    await createVersions(store, 'a', 8);
    await store.rollback('a', 2);
    expect(await store.prune('a', { keep: 3, inUse: [4] })).toEqual([0, 1, 3]);
    expect((await store.versions('a')).map(({ version }) => version)).toEqual([7, 6, 5, 4, 2]);
    await expect(store.read('a', 3)).rejects.toBeInstanceOf(AdapterVersionNotFoundError);
    expect(await seedOf(await store.read('a'))).toBe(2);
    expect(await store.prune('a', { keep: 3, inUse: [4] })).toEqual([]);
  });

  test('never gives the number of a pruned version again', async ({ store, reopen }) => {
    await createVersions(store, 'a', 3);
    await store.rollback('a', 0);
    expect(await store.prune('a', { keep: 0, inUse: [] })).toEqual([1, 2]);
    const reopened = await reopen();
    expect((await commitVersion(reopened, 'a', 0, 7)).manifest.version).toBe(3);
  });

  test('removes an adapter once, and may create it again', async ({ store, reopen }) => {
    await createVersions(store, 'a', 2);
    expect(await store.remove('a')).toBe(true);
    expect(await store.remove('a')).toBe(false);
    await expect(store.read('a')).rejects.toBeInstanceOf(AdapterNotFoundError);
    expect(await (await reopen()).list()).toEqual([]);
    expect(await seedOf(await createAdapter(store, 'a', { seed: 3 }))).toBe(3);
    expect((await store.versions('a')).map(({ version }) => version)).toEqual([0]);
  });

  test('tells when the head last moved', async ({ store }) => {
    await createAdapter(store, 'a');
    const [created] = await store.list();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await commitVersion(store, 'a', 0, 1);
    const [moved] = await store.list();
    expect(moved?.createdAt).toBe(created?.createdAt);
    expect(Date.parse(moved?.updatedAt ?? '')).toBeGreaterThan(Date.parse(created?.updatedAt ?? ''));
    expect(moved?.head.version).toBe(1);
  });

  test('is healthy and knows its free space, or that it cannot know it', async ({ store }) => {
    const { freeBytes } = await store.health();
    expect(freeBytes === null || freeBytes > 0).toBe(true);
  });

  test('keeps the files of a version as they are while later versions come and go', async ({ store }) => {
    const created = await createAdapter(store, 'a', { seed: 1 });
    const before = await readFile(join(created.directory, 'adapter_model.safetensors'));
    await commitVersion(store, 'a', 0, 2);
    await store.rollback('a', 0);
    expect(await readFile(join(created.directory, 'adapter_model.safetensors'))).toEqual(before);
  });
}
