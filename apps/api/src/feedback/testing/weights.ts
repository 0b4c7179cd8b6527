import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What stands for weights in tests: the ids of the feedbacks that were learned, in order.
 * A version that lost one, or learned one twice, shows it.
 */
export async function readLearned(directory: string): Promise<string[]> {
  const text = await readFile(join(directory, 'adapter_model.safetensors'), 'utf8');
  return text.split('\n').filter((line) => line !== '');
}

export async function writeLearned(directory: string, learned: readonly string[]): Promise<void> {
  await writeFile(join(directory, 'adapter_config.json'), '{}');
  await writeFile(join(directory, 'adapter_model.safetensors'), `${learned.join('\n')}\n`);
}

/** Log-probs that depend on everything that was learned, so that no two versions agree. */
export function logprobsOf(learned: readonly string[], tokenIds: readonly number[]): number[] {
  return tokenIds.map((tokenId, position) => {
    const digest = createHash('sha256')
      .update(JSON.stringify([learned, tokenId, position]))
      .digest();
    return -digest.readUInt32BE(0) / 2 ** 32;
  });
}
