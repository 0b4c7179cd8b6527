// Usage: node commit-forever.mjs ROOT NAME [COUNT]
import { commitForever } from '@claas/contracts/testing/commit-forever';
import { FsAdapterStore } from '@claas/storage-fs';

const [, , root, name, count = 'Infinity'] = process.argv;
const store = new FsAdapterStore({ root });
await store.open();
await commitForever(store, name, Number(count));
