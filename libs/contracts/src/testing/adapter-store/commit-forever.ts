import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAdapterId } from '../../adapter/adapter-id.js';
import type { AdapterStore } from '../../adapter/adapter-store.js';
import { StaleParentError } from '../../errors/adapter-errors.js';

/**
 * The program of a process that is to be killed: commits to the adapter `user/model` until then, or `count` times, and says
 * each commit that has returned as a line `<version> <feedback id>` (see CommittingProcess).
 */
export async function commitForever(store: AdapterStore, name: string, count: number): Promise<void> {
  const loraId = parseAdapterId('user/model');
  for (let done = 0; done < count;) {
    const parent = (await store.read(loraId)).manifest.version;
    const feedbackId = `${name}-${done}`;
    const directory = await store.stage();
    await writeFile(join(directory, 'adapter_config.json'), JSON.stringify({ feedbackId }));
    const weights = createHash('sha512').update(feedbackId).digest('hex').repeat(500);
    await writeFile(join(directory, 'adapter_model.safetensors'), weights);
    const shape = { baseModel: 'clay-tiny', rank: 4, loraAlpha: 8, targetModules: ['q_proj'] as const };
    const manifest = { ...shape, origin: 'feedback', feedbackId, metrics: null, receipt: null } as const;
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
}
