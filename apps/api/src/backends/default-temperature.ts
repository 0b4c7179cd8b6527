import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** vLLM's own, where the model has no opinion. */
const PLAIN = 1;

/**
 * What a vLLM server samples with where a request names no temperature: its model's generation_config.json.
 * Null where the model's directory isn't known.
 */
export async function readDefaultTemperature(directory: string | null): Promise<number | null> {
  if (directory === null) return null;
  const text = await readFile(join(directory, 'generation_config.json'), 'utf8').catch(() => '{}');
  const { temperature } = JSON.parse(text) as { temperature?: unknown };
  return typeof temperature === 'number' ? temperature : PLAIN;
}
