import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAdapterId } from '@claas/contracts';
import { FsAdapterStore } from '@claas/storage-fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Database } from '../database/database.js';
import { openDatabase } from '../database/open-database.js';
import { createEmbedded, type TemporaryDatabase } from '../database/testing/databases-under-test.js';
import { writeLearned } from '../feedback/testing/weights.js';
import { SharedServing } from '../replicas/shared-serving.js';
import { ScriptedServing } from '../testing/scripted-serving.js';
import { ServedAdapters } from './served-adapters.js';

describe('ServedAdapters', () => {
  let root: string;
  let store: FsAdapterStore;
  let serving: ScriptedServing;
  let shared: SharedServing;
  let temporary: TemporaryDatabase;
  let database: Database;

  beforeAll(async () => {
    temporary = await createEmbedded();
    database = await openDatabase(temporary.settings);
  });

  afterAll(async () => {
    await database.close();
    await temporary.remove();
  });

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
    shared = new SharedServing(database, serving, 1000);
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
    await new ServedAdapters(store, serving, shared).publishAll(() => expect.unreachable());
    expect(serving.published()).toEqual([
      { loraId: 'user/a', version: 0 },
      { loraId: 'user/b', version: 0 },
    ]);
  });

  it('publishes one on demand although another is damaged', async () => {
    const { directory } = await store.read('user/a');
    await rm(join(directory, 'adapter_model.safetensors'));
    const served = new ServedAdapters(store, serving, shared);
    const failures: unknown[] = [];
    await served.publishAll((_loraId, error) => failures.push(error));
    expect(failures).toMatchObject([{ code: 'adapter_corrupt' }]);
    await served.ensurePublished(parseAdapterId('user/b'));
    expect(serving.published()).toEqual([{ loraId: 'user/b', version: 0 }]);
  });

  it('tells which adapter the server refuses, and goes on with the others', async () => {
    vi.spyOn(serving, 'publish').mockRejectedValueOnce(new Error('refused'));
    const failures: unknown[] = [];
    await new ServedAdapters(store, serving, shared).publishAll((loraId) => failures.push(loraId));
    expect(failures).toEqual(['user/a']);
    expect(serving.published()).toEqual([{ loraId: 'user/b', version: 0 }]);
  });

  it('leaves a version alone that a step has published in the meantime', async () => {
    const loraId = parseAdapterId('user/a');
    const pending = new ServedAdapters(store, serving, shared).ensurePublished(loraId);
    await serving.publish({ loraId, version: 1, directory: root });
    await pending;
    expect(serving.published()).toEqual([{ loraId, version: 1 }]);
  });
});
