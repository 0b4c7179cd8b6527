// Commits one version of four blocks, the same bytes each time, to the adapter user/model.
// Usage: node commit-large.mjs CACHE, with the environment of the double.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAdapterId } from '@claas/contracts';
import { ModalVolumeAdapterStore } from '@claas/storage-modal-volume';
import { ModalClient } from 'modal';

const BLOCK_BYTES = 8 * 1024 * 1024;
const client = new ModalClient();
const options = { client, volume: 'claas-loras', environment: null, cacheDirectory: process.argv[2] };
const store = new ModalVolumeAdapterStore(options);
await store.open();
const directory = await store.stage();
await writeFile(join(directory, 'adapter_config.json'), '{}');
const blocks = [0, 1, 2, 3].map((number) =>
  Buffer.alloc(number < 3 ? BLOCK_BYTES : 1000, createHash('sha256').update(`block ${number}`).digest()),
);
await writeFile(join(directory, 'adapter_model.safetensors'), Buffer.concat(blocks));
const shape = { baseModel: 'clay-tiny', rank: 4, loraAlpha: 8, targetModules: ['q_proj'] };
const manifest = { ...shape, origin: 'feedback', feedbackId: 'large', metrics: null, receipt: null };
await store.commit(parseAdapterId('user/model'), { parent: 0, directory, manifest });
client.close();
