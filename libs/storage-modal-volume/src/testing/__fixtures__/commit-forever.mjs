// Usage: node commit-forever.mjs CACHE NAME [COUNT], with the environment of the double.
import { commitForever } from '@claas/contracts/testing/commit-forever';
import { ModalVolumeAdapterStore } from '@claas/storage-modal-volume';
import { ModalClient } from 'modal';

const [, , cacheDirectory, name, count = 'Infinity'] = process.argv;
const client = new ModalClient();
const store = new ModalVolumeAdapterStore({ client, volume: 'claas-loras', environment: null, cacheDirectory });
await store.open();
await commitForever(store, name, Number(count));
client.close();
