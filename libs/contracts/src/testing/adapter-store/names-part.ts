import { expect } from 'vitest';
import type { AdapterId } from '../../adapter/adapter-id.js';
import { AdapterIdConflictError, AdapterIdInvalidError, AdapterNotFoundError } from '../../errors/adapter-errors.js';
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

const NOT_IDS = [
  '',
  '.',
  '..',
  '../x',
  'a/../b',
  'a/..',
  '/etc/passwd',
  'a//b',
  'a/',
  '.claas',
  'a/.hidden',
  'a\\b',
  'a\0b',
  'a b',
  'a~b',
  '%2e%2e/x',
  'ä',
  'a/b/c/d/e',
  'x'.repeat(201),
];

export function namesPart(test: ContractTest): void {
  test('refuses text that is not an id in every method', async ({ store }) => {
    await createAdapter(store, 'a');
    for (const text of NOT_IDS) {
      const id = text as AdapterId;
      const directory = await stageContent(store, 1);
      const attempts = [
        store.create(id, { directory, manifest: newVersion(1), aliases: [] }),
        store.create(idOf('b'), { directory, manifest: newVersion(1), aliases: [id] }),
        store.commit(id, { parent: 0, directory, manifest: newVersion(1) }),
        store.resolve(id),
        store.read(id),
        store.read(id, 0),
        store.setAlias(id, idOf('a')),
        store.setAlias(idOf('alias'), id),
        store.versions(id),
        store.rollback(id, 0),
        store.export(id),
        store.remove(id),
        store.prune(id, { keep: 1, inUse: [] }),
      ];
      for (const [index, outcome] of (await Promise.allSettled(attempts)).entries()) {
        const reason = outcome.status === 'rejected' ? (outcome.reason as unknown) : 'nothing was thrown';
        expect(reason, `attempt ${index} with ${JSON.stringify(text)}`).toBeInstanceOf(AdapterIdInvalidError);
      }
      await store.discard(directory);
    }
    expect((await store.list()).map(({ loraId }) => loraId)).toEqual(['a']);
    expect(await store.aliases()).toEqual(new Map());
  });

  test('takes the longest, the deepest and the oddest ids that are allowed', async ({ store, reopen }) => {
    const ids = ['x'.repeat(200), 'a/b/c/d', '-', '_', 'A.b-c_d/0', 'a-b/c', 'a/b-c', 'con', '__proto__', 'a..b'];
    for (const [seed, id] of ids.entries()) await createAdapter(store, id, { seed });
    const reopened = await reopen();
    for (const [seed, id] of ids.entries()) expect(await seedOf(await reopened.read(id))).toBe(seed);
    expect((await reopened.list()).map(({ loraId }) => loraId)).toEqual([...ids].sort());
  });

  test('lists adapters sorted, by a prefix that is compared character by character', async ({ store }) => {
    for (const id of ['user10/x', 'user1/y', 'user1/x', 'user2/x', 'User1/x']) await createAdapter(store, id);
    const listed = async (prefix?: string) => (await store.list(prefix)).map(({ loraId }) => loraId as string);
    expect(await listed()).toEqual(['User1/x', 'user1/x', 'user1/y', 'user10/x', 'user2/x']);
    expect(await listed('')).toEqual(await listed());
    expect(await listed('user1/')).toEqual(['user1/x', 'user1/y']);
    expect(await listed('user1')).toEqual(['user1/x', 'user1/y', 'user10/x']);
    expect(await listed('user1/x')).toEqual(['user1/x']);
    for (const nothing of ['user1/x/', 'USER', '../', '*', '.', 'user1/x2']) expect(await listed(nothing)).toEqual([]);
  });

  test('refuses ids inside one another, adapters and aliases alike', async ({ store }) => {
    await createAdapter(store, 'user1/model', { aliases: ['user2/alias'] });
    for (const id of ['user1', 'user1/model/x', 'user1/model/x/y', 'user2', 'user2/alias/x']) {
      await expect(createAdapter(store, id), id).rejects.toBeInstanceOf(AdapterIdConflictError);
      await expect(store.setAlias(idOf(id), idOf('user1/model')), id).rejects.toBeInstanceOf(AdapterIdConflictError);
      const withAlias = createAdapter(store, 'other', { aliases: [id] });
      await expect(withAlias, id).rejects.toBeInstanceOf(AdapterIdConflictError);
    }
    const withinItself = createAdapter(store, 'b/c', { aliases: ['b'] });
    await expect(withinItself).rejects.toBeInstanceOf(AdapterIdConflictError);
    await createAdapter(store, 'user1/model-2');
    await createAdapter(store, 'user10/model');
    expect(await store.list()).toHaveLength(3);
  });

  test('never lets an alias shadow an adapter, nor an adapter an alias', async ({ store }) => {
    await createAdapter(store, 'a', { aliases: ['a-latest'] });
    await createAdapter(store, 'b');
    await expect(store.setAlias(idOf('a'), idOf('b'))).rejects.toBeInstanceOf(AdapterIdConflictError);
    await expect(store.setAlias(idOf('a'), idOf('a'))).rejects.toBeInstanceOf(AdapterIdConflictError);
    await expect(createAdapter(store, 'a-latest')).rejects.toBeInstanceOf(AdapterIdConflictError);
    await expect(createAdapter(store, 'c', { aliases: ['b'] })).rejects.toBeInstanceOf(AdapterIdConflictError);
    await expect(createAdapter(store, 'c', { aliases: ['c'] })).rejects.toBeInstanceOf(AdapterIdConflictError);
    expect(await store.resolve('a-latest')).toBe('a');
    expect((await store.list()).map(({ loraId }) => loraId)).toEqual(['a', 'b']);
  });

  test('answers to an alias in every method that takes an id', async ({ store }) => {
    await createAdapter(store, 'user/model-init', { aliases: ['user/model', 'user/model-latest'] });
    await commitVersion(store, 'user/model-init', 0, 1);
    expect(await store.resolve('user/model')).toBe('user/model-init');
    expect(await store.resolve('user/model-init')).toBe('user/model-init');
    expect((await store.read('user/model')).manifest).toMatchObject({ loraId: 'user/model-init', version: 1 });
    expect((await store.versions('user/model-latest')).map(({ version }) => version)).toEqual([1, 0]);
    expect((await store.rollback('user/model', 0)).manifest.version).toBe(0);
    expect((await store.export('user/model', 1)).filename).toBe('user__model-init-v1.zip');
    expect(await store.prune('user/model', { keep: 0, inUse: [] })).toEqual([1]);
    expect((await store.list())[0]?.aliases).toEqual(['user/model', 'user/model-latest']);
  });

  test('keeps aliases with their adapters, sorted, also after it is opened again', async ({ store, reopen }) => {
    await createAdapter(store, 'b', { aliases: ['z', 'y'] });
    await createAdapter(store, 'a', { aliases: ['x'] });
    await store.setAlias(idOf('w'), idOf('b'));
    for (const reader of [store, await reopen()]) {
      expect([...(await reader.aliases())]).toEqual([
        ['w', 'b'],
        ['x', 'a'],
        ['y', 'b'],
        ['z', 'b'],
      ]);
    }
  });

  test('moves an alias to another adapter, and through another alias', async ({ store, reopen }) => {
    await createAdapter(store, 'a', { aliases: ['latest'] });
    await createAdapter(store, 'b', { aliases: ['b-latest'] });
    await store.setAlias(idOf('latest'), idOf('b-latest'));
    await store.setAlias(idOf('latest'), idOf('b-latest'));
    expect(await (await reopen()).resolve('latest')).toBe('b');
    await createAdapter(store, 'c', { aliases: ['latest'] });
    expect(await store.resolve('latest')).toBe('c');
    expect((await store.list()).map(({ aliases }) => aliases)).toEqual([[], ['b-latest'], ['latest']]);
  });

  test('refuses an alias of nothing', async ({ store }) => {
    await createAdapter(store, 'a');
    await expect(store.setAlias(idOf('alias'), idOf('b'))).rejects.toBeInstanceOf(AdapterNotFoundError);
    await expect(store.setAlias(idOf('alias'), idOf('alias'))).rejects.toBeInstanceOf(AdapterNotFoundError);
    await expect(store.resolve('alias')).rejects.toBeInstanceOf(AdapterNotFoundError);
  });

  test('removes only the alias where an alias is removed', async ({ store, reopen }) => {
    await createVersions(store, 'a', 2);
    await store.setAlias(idOf('latest'), idOf('a'));
    expect(await store.remove('latest')).toBe(true);
    expect(await store.remove('latest')).toBe(false);
    expect(await seedOf(await (await reopen()).read('a'))).toBe(1);
    await createAdapter(store, 'latest');
  });

  test('removes the aliases with their adapter, and a new one of that id has none', async ({ store, reopen }) => {
    await createAdapter(store, 'a', { aliases: ['x', 'y'] });
    await createAdapter(store, 'b', { aliases: ['z'] });
    expect(await store.remove('a')).toBe(true);
    expect([...(await store.aliases())]).toEqual([['z', 'b']]);
    await expect(store.resolve('x')).rejects.toBeInstanceOf(AdapterNotFoundError);
    await createAdapter(store, 'a');
    expect([...(await (await reopen()).aliases())]).toEqual([['z', 'b']]);
  });

  test('frees the place of a removed adapter for ids around it', async ({ store }) => {
    await createAdapter(store, 'a/b/c');
    await store.remove('a/b/c');
    await createAdapter(store, 'a/b');
    await store.remove('a/b');
    await createAdapter(store, 'a');
    expect((await store.list()).map(({ loraId }) => loraId)).toEqual(['a']);
  });
}
