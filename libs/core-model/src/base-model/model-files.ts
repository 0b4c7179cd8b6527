import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export const WEIGHTS_FILE = 'model.safetensors';
export const WEIGHTS_INDEX_FILE = 'model.safetensors.index.json';

/** Everything of a model except weights that is read here, or that Python tools look for beside it. */
const SMALL_FILES =
  /^(config\.json|generation_config\.json|special_tokens_map\.json|vocab\.json|merges\.txt|(tokenizer|chat_template)[\w.-]*)$/;

/** Of the files of a repository those that are needed besides weights. */
export function isSmallModelFile(name: string): boolean {
  return SMALL_FILES.test(name);
}

/** The shards that an index names, each once; null when it isn't an index. */
export async function shardsOfIndex(indexPath: string): Promise<string[] | null> {
  let index: unknown;
  try {
    index = JSON.parse(await readFile(indexPath, 'utf8'));
  } catch {
    return null;
  }
  const weightMap = (index as { readonly weight_map?: unknown } | null)?.weight_map;
  if (typeof weightMap !== 'object' || weightMap === null) return null;
  const shards = [...new Set(Object.values(weightMap) as unknown[])];
  return shards.every((shard): shard is string => typeof shard === 'string' && /^[\w.-]+$/.test(shard)) ? shards : null;
}

/** Has a directory all that loading needs: config, tokenizer, and, where they are wanted, weights with every shard? */
export async function isCompleteModel(
  directory: string,
  wanted: { readonly weights: boolean } = { weights: true },
): Promise<boolean> {
  const weights = wanted.weights ? await weightFiles(directory) : [];
  if (weights === null) return false;
  const needed = ['config.json', 'tokenizer.json', ...weights];
  return (await Promise.all(needed.map((name) => isFile(join(directory, name))))).every(Boolean);
}

async function weightFiles(directory: string): Promise<string[] | null> {
  if (await isFile(join(directory, WEIGHTS_FILE))) return [WEIGHTS_FILE];
  return shardsOfIndex(join(directory, WEIGHTS_INDEX_FILE));
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
