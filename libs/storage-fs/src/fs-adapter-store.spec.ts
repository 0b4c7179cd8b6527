import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapterStoreContract } from '@claas/contracts/testing';
import { FsAdapterStore } from './fs-adapter-store.js';

adapterStoreContract('FsAdapterStore', async () => {
  const root = await mkdtemp(join(tmpdir(), 'claas-store-'));
  const open = async () => {
    const store = new FsAdapterStore({ root });
    await store.open();
    return store;
  };
  return { store: await open(), reopen: open, cleanup: () => rm(root, { recursive: true }) };
});
