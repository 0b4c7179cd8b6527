import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapterStoreContract } from '@claas/contracts/testing';
import { ModalDouble } from '@claas/contracts/testing/modal';
import { ModalClient } from 'modal';
import { afterAll, beforeAll, vi } from 'vitest';
import { ModalVolumeAdapterStore } from './modal-volume-adapter-store.js';

let double: ModalDouble;
let client: ModalClient;
let count = 0;

beforeAll(async () => {
  double = await ModalDouble.start();
  for (const [name, value] of Object.entries(double.environment)) vi.stubEnv(name, value);
  client = new ModalClient();
});

afterAll(async () => {
  client.close();
  await double.close();
});

adapterStoreContract('ModalVolumeAdapterStore', async () => {
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'claas-volume-'));
  count += 1;
  const volume = `loras-${count}`;
  const open = async () => {
    const store = new ModalVolumeAdapterStore({ client, volume, environment: null, cacheDirectory });
    await store.open();
    return store;
  };
  return { store: await open(), reopen: open, cleanup: () => rm(cacheDirectory, { recursive: true }) };
});
