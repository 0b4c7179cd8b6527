import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Environment } from '@claas/tensor-backend/native-runtime';
import { SetUpError } from '../set-up/set-up-error.js';

/**
 * A folder with `node_api.h`: of Node's own installation, of what `npm_config_nodedir` names, of node-gyp's cache, else of
 * the package node-api-headers. Node-API is stable across versions, so any of them fits; the nearest is taken.
 * @throws SetUpError `no_node_headers`
 */
export function nodeHeaders(environment: Environment): string {
  const candidates = headerDirectories(environment);
  const found = candidates.find((directory) => existsSync(path.join(directory, 'node_api.h')));
  if (found !== undefined) return found;
  throw new SetUpError(
    'no_node_headers',
    `node_api.h is in none of ${candidates.join(', ')}`,
    "install Node's headers (Debian: `apt install libnode-dev`) or run `npm ci`",
  );
}

function headerDirectories(environment: Environment): string[] {
  const installation = path.dirname(path.dirname(realpathSync(process.execPath)));
  const chosen = environment['npm_config_nodedir'];
  const home = environment['HOME'] ?? homedir();
  const caches = ['.cache', 'Library/Caches'].map((folder) => path.join(home, folder, 'node-gyp'));
  return [
    path.join(installation, 'include', 'node'),
    ...(chosen === undefined ? [] : [path.join(chosen, 'include', 'node'), path.join(chosen, 'src')]),
    ...caches.map((cache) => path.join(cache, process.versions.node, 'include', 'node')),
    ...packagedHeaders(),
  ];
}

function packagedHeaders(): string[] {
  try {
    const manifest = createRequire(import.meta.url).resolve('node-api-headers/package.json');
    return [path.join(path.dirname(manifest), 'include')];
  } catch {
    return [];
  }
}
