import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAdapterId } from '@claas/contracts';
import { snapshotOf } from '@claas/contracts/testing';
import type { AdapterStore, NewVersion } from '@claas/contracts';
import { FsAdapterStore } from '../fs-adapter-store.js';
import { expectSound } from '../testing/soundness.js';

const A = parseAdapterId('user/a');

/** Every change that the store can make, from the state that `beforeAll` prepares. */
const CHANGES: Record<string, (store: AdapterStore) => Promise<unknown>> = {
  'a creation with aliases': async (store) => create(store, 'new/c', ['new/latest', 'moving']),
  'a commit': async (store) => commit(store, 3, 'late'),
  'a rollback': async (store) => store.rollback(A, 1),
  'a new alias': async (store) => store.setAlias(parseAdapterId('deep/er/alias'), A),
  'an alias that moves': async (store) => store.setAlias(parseAdapterId('moving'), parseAdapterId('user/b')),
  'the removal of an alias': async (store) => store.remove('moving'),
  'the removal of an adapter': async (store) => store.remove(A),
  'the removal of one old version': async (store) => store.prune(A, { keep: 3, inUse: [] }),
};

class PowerCut extends Error {}

let template: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claas-power-cut-'));
  template = join(folder, 'template');
  const store = await opened(template);
  await create(store, A, ['user/a-latest', 'moving']);
  await create(store, 'user/b', []);
  for (const parent of [0, 1, 2]) await commit(store, parent, `feedback-${parent + 1}`);
});

afterAll(() => rm(folder, { recursive: true }));

describe.each(Object.entries(CHANGES))('a power cut during %s', (_name, change) => {
  it('leaves the state before or after it, whichever write it hits', { timeout: 300_000 }, async () => {
    const before = await snapshotOf(await opened(template));
    const uncut = await copyOfTemplate('uncut');
    const uncutStore = await opened(uncut);
    await change(uncutStore);
    const after = await snapshotOf(uncutStore);
    await expectSound(uncutStore, uncut);
    expect(after).not.toEqual(before);

    const ends = new Set<string>();
    for (let writes = 0; ; writes += 1) {
      const root = await copyOfTemplate(String(writes));
      const isCut = await cutAfter(writes, root, change);
      // Somebody who reads without recovering sees one of both states, too: aliases follow their adapter at the next opening.
      const { adapters } = await snapshotOf(new FsAdapterStore({ root }));
      expect([before, after].map((state) => state.adapters)).toContainEqual(adapters);

      // The power fails once more in the recovery, somewhere else for each first cut.
      await cutRecovery(root, (writes * 7) % 16);
      const store = await opened(root);
      await expectSound(store, root);
      const state = await snapshotOf(store);
      expect([before, after], `cut after ${writes} writes`).toContainEqual(state);
      ends.add(JSON.stringify(state));
      if (!isCut) {
        expect(state).toEqual(after);
        break;
      }
      await rm(root, { recursive: true });
    }
    expect(ends.size).toBe(2);
  });
});

describe('a power cut while two old versions are pruned', () => {
  it('removes none, one or both, and never the head', async () => {
    for (let writes = 0; ; writes += 1) {
      const root = await copyOfTemplate(`prune-${writes}`);
      const isCut = await cutAfter(writes, root, (store) => store.prune(A, { keep: 2, inUse: [] }));
      const store = await opened(root);
      await expectSound(store, root);
      const numbers = (await store.versions(A)).map(({ version }) => version);
      expect(['3,2', '3,2,0', '3,2,1', '3,2,1,0']).toContain(numbers.join());
      if (!isCut) return;
    }
  });
});

describe('the first commit after a power cut in a commit', () => {
  it('takes the place of the unfinished version, also without opening again', async () => {
    for (let writes = 0; ; writes += 1) {
      const root = await copyOfTemplate(`again-${writes}`);
      if (!(await cutAfter(writes, root, (store) => commit(store, 3, 'late')))) return;
      const store = new FsAdapterStore({ root });
      const head = (await store.read(A)).manifest.version;
      const { manifest } = await commit(store, head, 'again');
      expect(manifest.version).toBe(head + 1);
      const reopened = await opened(root);
      await expectSound(reopened, root);
      expect((await reopened.read(A)).manifest.feedbackId).toBe('again');
    }
  });
});

/** True when the change did not get through. */
async function cutAfter(
  writes: number,
  root: string,
  change: (store: AdapterStore) => Promise<unknown>,
): Promise<boolean> {
  let left = Number.POSITIVE_INFINITY;
  const beforeWrite = (step: string) => {
    // Once the power is off, nothing is written any more: no cleaning up either.
    if (left <= 0) throw new PowerCut(step);
    left -= 1;
  };
  const store = new FsAdapterStore({ root, beforeWrite });
  await store.open();
  left = writes;
  try {
    await change(store);
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(PowerCut);
    return true;
  }
}

async function cutRecovery(root: string, writes: number): Promise<void> {
  let left = writes;
  const beforeWrite = (step: string) => {
    if (left <= 0) throw new PowerCut(step);
    left -= 1;
  };
  const failure: unknown = await new FsAdapterStore({ root, beforeWrite }).open().catch((error: unknown) => error);
  if (failure !== undefined) expect(failure).toBeInstanceOf(PowerCut);
}

async function opened(root: string): Promise<FsAdapterStore> {
  const store = new FsAdapterStore({ root });
  await store.open();
  return store;
}

async function copyOfTemplate(name: string): Promise<string> {
  const root = join(folder, name);
  await rm(root, { recursive: true, force: true });
  await cp(template, root, { recursive: true, verbatimSymlinks: true });
  return root;
}

async function staged(store: AdapterStore, content: string): Promise<string> {
  const directory = await store.stage();
  await writeFile(join(directory, 'adapter_config.json'), JSON.stringify({ content }));
  await writeFile(join(directory, 'adapter_model.safetensors'), content.repeat(100));
  return directory;
}

async function create(store: AdapterStore, id: string, aliases: readonly string[]) {
  const directory = await staged(store, id);
  return store.create(parseAdapterId(id), {
    directory,
    manifest: manifestOf(null),
    aliases: aliases.map(parseAdapterId),
  });
}

async function commit(store: AdapterStore, parent: number, feedbackId: string) {
  const directory = await staged(store, feedbackId);
  return store.commit(A, { parent, directory, manifest: manifestOf(feedbackId) });
}

function manifestOf(feedbackId: string | null): NewVersion {
  const origin = feedbackId === null ? 'init' : 'feedback';
  const shape = { baseModel: 'clay-tiny', rank: 4, loraAlpha: 8, targetModules: ['q_proj'] as const };
  return { ...shape, origin, feedbackId, metrics: null, receipt: null };
}
