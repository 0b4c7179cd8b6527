// Commits to one adapter on a volume until it is killed (or COUNT commits are done), and says each commit that has returned.
// Usage: node commit-forever.mjs CACHE NAME [COUNT], with the environment of the double.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StaleParentError, parseAdapterId } from '@claas/contracts';
import { ModalVolumeAdapterStore } from '@claas/storage-modal-volume';
import { ModalClient } from 'modal';

const [, , cacheDirectory, name, count = 'Infinity'] = process.argv;
const loraId = parseAdapterId('user/model');
const client = new ModalClient();
const store = new ModalVolumeAdapterStore({ client, volume: 'claas-loras', environment: null, cacheDirectory });
await store.open();

for (let done = 0; done < Number(count);) {
  const parent = (await store.read(loraId)).manifest.version;
  const feedbackId = `${name}-${done}`;
  const directory = await store.stage();
  await writeFile(join(directory, 'adapter_config.json'), JSON.stringify({ feedbackId }));
  const weights = createHash('sha512').update(feedbackId).digest('hex').repeat(500);
  await writeFile(join(directory, 'adapter_model.safetensors'), weights);
  const shape = { baseModel: 'clay-tiny', rank: 4, loraAlpha: 8, targetModules: ['q_proj'] };
  const manifest = { ...shape, origin: 'feedback', feedbackId, metrics: null, receipt: null };
  try {
    const committed = await store.commit(loraId, { parent, directory, manifest });
    done += 1;
    process.stdout.write(`${committed.manifest.version} ${feedbackId}\n`);
    if (done % 4 === 0) await store.prune(loraId, { keep: 6, inUse: [] });
    if (done % 5 === 0) await store.setAlias(parseAdapterId(`alias/of-${done % 3}`), loraId);
  } catch (error) {
    if (!(error instanceof StaleParentError)) throw error;
    await store.discard(directory);
  }
}
client.close();
