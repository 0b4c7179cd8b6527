import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';

export const SHIPPED_MODEL = 'clay-tiny';

/** `apps/api/{src,dist}/config` → the workspace. */
const WORKSPACE = resolve(import.meta.dirname, '../../../..');
const HUB_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)?$/;
const HUB_SNAPSHOT = /models--([^/]+)--([^/]+)\/snapshots\/[^/]+$/;

export interface BaseModelPlace {
  readonly name: string;
  readonly directory: string | null;
}

/** What clients call the model and where it lies; null for text that is neither a directory nor a model id. */
export function placeBaseModel(id: string, workingDirectory: string): BaseModelPlace | null {
  const shipped = join(WORKSPACE, 'models', SHIPPED_MODEL, 'model');
  if (id === SHIPPED_MODEL) return { name: SHIPPED_MODEL, directory: shipped };
  const directory = expandHome(id, workingDirectory);
  if (directory === shipped) return { name: SHIPPED_MODEL, directory };
  if (existsSync(directory) && statSync(directory).isDirectory()) return { name: nameOf(directory), directory };
  if (/^[./~]/.test(id) || !HUB_ID.test(id)) return null;
  return { name: id, directory: null };
}

/** `path` as an absolute path, `~` being the user's home. */
function expandHome(path: string, workingDirectory: string): string {
  const expanded = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
  return resolve(workingDirectory, expanded);
}

function nameOf(directory: string): string {
  const snapshot = HUB_SNAPSHOT.exec(directory);
  return snapshot === null ? basename(directory) : `${snapshot[1]}/${snapshot[2]}`;
}
