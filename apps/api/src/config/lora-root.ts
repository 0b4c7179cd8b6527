import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { settingDescriptions } from './setting.js';

export interface LoraRoot {
  /** Absolute. */
  readonly directory: string;
  /** Why it isn't the default; null when nothing needs saying. */
  readonly note: string | null;
}

/**
 * Where adapters lie. The default is a place for a mounted volume, so it is used where it exists and can be written,
 * and never created; anything that was asked for by name is taken as it is.
 */
export function findLoraRoot(configured: string, dataDirectory: string, workingDirectory: string): LoraRoot {
  if (configured !== settingDescriptions().get('CLAAS_LORA_ROOT')?.default) {
    return { directory: resolve(workingDirectory, configured), note: null };
  }
  if (isWritableDirectory(configured)) return { directory: configured, note: null };
  const directory = join(dataDirectory, 'loras');
  return {
    directory,
    note: `${configured} is not a directory that can be written: adapters are kept in ${directory}.`,
  };
}

function isWritableDirectory(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
