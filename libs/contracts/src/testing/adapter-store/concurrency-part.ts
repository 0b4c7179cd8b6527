import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import { StaleClaimError, StaleParentError } from '../../errors/adapter-errors.js';
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

export function concurrencyPart(test: ContractTest): void {
  test('refuses a stale parent and leaves the staged directory to the caller', async ({ store }) => {
    await createVersions(store, 'a', 2);
    const directory = await stageContent(store, 9);
    const stale = store.commit(idOf('a'), { parent: 0, directory, manifest: newVersion(9) });
    await expect(stale).rejects.toMatchObject({ code: 'stale_parent', parent: 0, head: 1 });
    expect(await readdir(directory)).toHaveLength(3);
    const { manifest } = await store.commit(idOf('a'), { parent: 1, directory, manifest: newVersion(9) });
    expect(manifest.version).toBe(2);
  });

  test('refuses a commit whose claim is not the latest any more, also where the head is its parent again', async ({
    store,
    reopen,
  }) => {
    await createVersions(store, 'a', 2);
    const other = await reopen();
    const claim = await store.claim(idOf('a'));
    const directory = await stageContent(store, 9);
    const taken = await other.claim(idOf('a'));
    await commitVersion(other, 'a', 1, 5);
    await other.rollback('a', 1);
    const late = store.commit(idOf('a'), { parent: 1, directory, manifest: newVersion(9), claim });
    await expect(late).rejects.toBeInstanceOf(StaleClaimError);
    await expect(late).rejects.toMatchObject({ code: 'stale_parent' });
    expect((await other.read('a')).manifest.version).toBe(1);
    const { manifest } = await store.commit(idOf('a'), { parent: 1, directory, manifest: newVersion(9), claim: taken });
    expect(manifest).toMatchObject({ version: 3, parent: 1 });
  });

  test('keeps a claim through commits and restarts, and leaves commits without one alone', async ({
    store,
    reopen,
  }) => {
    await createAdapter(store, 'a');
    const claim = await store.claim(idOf('a'));
    await commitVersion(store, 'a', 0, 1);
    const reopened = await reopen();
    const directory = await stageContent(reopened, 2);
    await reopened.commit(idOf('a'), { parent: 1, directory, manifest: newVersion(2), claim });
    expect((await reopened.read('a')).manifest.version).toBe(2);
    await expect(reopened.claim(idOf('b'))).rejects.toMatchObject({ code: 'adapter_not_found' });
  });

  test('lets exactly one of many commits from one parent win', async ({ store, reopen }) => {
    await createAdapter(store, 'a');
    const other = await reopen();
    const commits = Array.from({ length: 12 }, (_, index) =>
      commitVersion(index % 2 ? store : other, 'a', 0, index + 1),
    );
    const outcomes = await Promise.allSettled(commits);
    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(won).toHaveLength(1);
    expect(lost).toHaveLength(11);
    for (const reason of lost) expect(reason).toBeInstanceOf(StaleParentError);
    expect(await store.read('a')).toEqual(won[0]);
    expect((await store.versions('a')).map(({ version }) => version)).toEqual([1, 0]);
  });

  test('lets exactly one of many creations of one id win', async ({ store }) => {
    const creations = Array.from({ length: 8 }, (_, seed) => createAdapter(store, 'a', { seed }));
    const outcomes = await Promise.allSettled(creations);
    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(won).toHaveLength(1);
    expect(await store.read('a')).toEqual(won[0]);
  });

  test('loses no commit of two writers that retry', async ({ store, reopen }) => {
    await createAdapter(store, 'a');
    const writers = [store, await reopen()];
    await Promise.all(
      writers.map(async (writer, index) => {
        for (let done = 0; done < 6;) {
          const parent = (await writer.read('a')).manifest.version;
          const outcome = await commitVersion(writer, 'a', parent, 100 * index + done).catch((error: unknown) => error);
          if (!(outcome instanceof Error)) done += 1;
          else if (!(outcome instanceof StaleParentError)) throw outcome;
        }
      }),
    );
    const versions = await store.versions('a');
    expect(versions.map(({ version, parent }) => [version, parent])).toEqual(
      Array.from({ length: 13 }, (_, index) => [12 - index, index === 12 ? null : 11 - index]),
    );
    const seeds = await Promise.all(versions.map(async ({ version }) => seedOf(await store.read('a', version))));
    expect(new Set(seeds.slice(0, -1)).size).toBe(12);
  });

  test('shows readers one whole version or another while commits run', async ({ store, reopen }) => {
    await createAdapter(store, 'a');
    const reader = await reopen();
    const writing = new AbortController();
    const seen = new Set<number>();
    const reading = (async () => {
      let last = 0;
      while (!writing.signal.aborted) {
        const version = await reader.read('a');
        expect(await seedOf(version)).toBe(version.manifest.version);
        expect(version.manifest.version).toBeGreaterThanOrEqual(last);
        last = version.manifest.version;
        seen.add(last);
        expect((await reader.list())[0]?.head.version).toBeGreaterThanOrEqual(last);
        expect((await reader.versions('a'))[0]?.version).toBeGreaterThanOrEqual(last);
      }
    })();
    for (let version = 1; version <= 15; version += 1) await commitVersion(store, 'a', version - 1, version);
    writing.abort();
    await reading;
    expect(seen.size).toBeGreaterThan(1);
  });

  test('keeps adapters apart that are written at the same time', async ({ store }) => {
    const ids = ['user1/a', 'user1/b', 'user2/a'];
    await Promise.all(ids.map((id, index) => createAdapter(store, id, { seed: 10 * index })));
    for (const parent of [0, 1, 2]) {
      await Promise.all(ids.map((id, index) => commitVersion(store, id, parent, 10 * index + parent + 1)));
    }
    for (const [index, id] of ids.entries()) {
      for (const version of [0, 1, 2, 3])
        expect(await seedOf(await store.read(id, version))).toBe(10 * index + version);
    }
  });

  test('reads a version or says that it is gone while it is pruned and removed', async ({ store }) => {
    await createVersions(store, 'a', 10);
    const reads = Array.from({ length: 10 }, async (_, version) => {
      const outcome = await store.read('a', version).catch((error: unknown) => error);
      const code = outcome instanceof Error && 'code' in outcome ? outcome.code : 'found';
      expect(['found', 'adapter_version_not_found', 'adapter_not_found']).toContain(code);
    });
    await Promise.all([store.prune('a', { keep: 1, inUse: [] }), ...reads, store.remove('a')]);
    expect(await store.list()).toEqual([]);
  });
}
