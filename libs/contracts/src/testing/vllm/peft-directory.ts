import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelBackend } from './model-backend.js';

const FILES = ['adapter_config.json', 'adapter_model.safetensors'] as const;

/** Why a server refuses a PEFT directory. `missing`: there is none at the path. */
export class AdapterRefusedError extends Error {
  constructor(
    readonly isMissing: boolean,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Reads a PEFT directory as vLLM does, and keeps what it read: a server's copy doesn't change when the files do.
 * @throws AdapterRefusedError
 */
export async function readPeftDirectory(
  path: string,
  copy: string,
  maxRank: number,
  backend: ModelBackend,
): Promise<void> {
  const config = await readFile(join(path, FILES[0]), 'utf8').catch(() => null);
  if (config === null) throw new AdapterRefusedError(true, `No adapter found for ${path}`);
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(config) as Record<string, unknown>;
  } catch {
    throw new AdapterRefusedError(false, 'Expecting value: line 1 column 1 (char 0)');
  }
  const { r, lora_alpha, target_modules, use_dora, bias, modules_to_save } = parsed;
  if (typeof r !== 'number' || typeof lora_alpha !== 'number' || target_modules === undefined) {
    throw new AdapterRefusedError(false, "PEFTHelper.__init__() missing 1 required positional argument: 'r'");
  }
  if (r > maxRank) throw new AdapterRefusedError(false, `LoRA rank ${r} is greater than max_lora_rank ${maxRank}.`);
  if (use_dora === true) throw new AdapterRefusedError(false, 'vLLM does not yet support DoRA.');
  if (bias !== undefined && bias !== 'none') throw new AdapterRefusedError(false, 'Adapter bias is not supported.');
  if (Array.isArray(modules_to_save) && modules_to_save.length > 0) {
    throw new AdapterRefusedError(false, 'vLLM only supports modules_to_save being None.');
  }
  try {
    await mkdir(copy, { recursive: true });
    for (const file of FILES) await copyFile(join(path, file), join(copy, file));
    await backend.inspect(copy);
  } catch (error) {
    throw new AdapterRefusedError(false, error instanceof Error ? error.message : String(error));
  }
}
