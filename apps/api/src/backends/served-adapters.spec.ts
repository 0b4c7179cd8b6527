import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAdapterId } from '@claas/contracts';
import { FsAdapterStore } from '@claas/storage-fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeLearned } from '../feedback/testing/weights.js';
import { ScriptedServing } from '../testing/scripted-serving.js';
import { ServedAdapters } from './served-adapters.js';

describe('ServedAdapters', () => {
  let root: string;
  let store: FsAdapterStore;
  let serving: ScriptedServing;

  const manifest = {
    baseModel: 'clay-tiny',
    rank: 8,
    loraAlpha: 16,
    targetModules: ['q_proj'],
    origin: 'init',
    feedbackId: null,
    metrics: null,
    receipt: null,
  } as const;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'claas-served-'));
    store = new FsAdapterStore({ root });
    serving = new ScriptedServing();
    await store.open();
    for (const id of ['user/a', 'user/b']) {
      const directory = await store.stage();
      await writeLearned(directory, []);
      await store.create(parseAdapterId(id), { directory, manifest, aliases: [] });
    }
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  it('publishes the head of every adapter', async () => {
    await expect(new ServedAdapters(store, serving).publishAll()).resolves.toBe(2);
    expect(serving.published()).toEqual([
      { loraId: 'user/a', version: 0 },
      { loraId: 'user/b', version: 0 },
    ]);
  });

  it('leaves a version alone that a step has published in the meantime', async () => {
    const loraId = parseAdapterId('user/a');
    const pending = new ServedAdapters(store, serving).ensurePublished(loraId);
    await serving.publish({ loraId, version: 1, directory: root });
    await pending;
    expect(serving.published()).toEqual([{ loraId, version: 1 }]);
  });
});
