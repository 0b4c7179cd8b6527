import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Up to here float32 costs little memory and time, and answers, scores and steps agree to 1e-5 nats instead of 1e-2. */
const SMALL_MODEL_BYTES = 256 * 2 ** 20;

/** In what frozen weights are kept: float32 for a small model, for a larger one what the device does fastest (undefined). */
export async function frozenFormatFor(modelDirectory: string): Promise<'F32' | undefined> {
  const files = (await readdir(modelDirectory)).filter((name) => name.endsWith('.safetensors'));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(modelDirectory, name))).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return bytes <= SMALL_MODEL_BYTES ? 'F32' : undefined;
}
