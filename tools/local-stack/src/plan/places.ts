import path from 'node:path';
import type { StackSettings } from '../settings/read-settings.js';

/** Where the API is reached from this machine. */
export function apiUrl({ host, port }: StackSettings): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** Where adapters lie: below the data directory, unless it was said. */
export function loraRoot({ env, dataDirectory, workingDirectory }: StackSettings): string {
  const given = env['CLAAS_LORA_ROOT'];
  return given === undefined ? path.join(dataDirectory, 'loras') : path.resolve(workingDirectory, given);
}
