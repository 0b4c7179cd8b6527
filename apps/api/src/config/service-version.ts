import { readFileSync } from 'node:fs';

/** Of this package, as its package.json says. */
export function serviceVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : null;
  if (typeof version !== 'string') throw new Error('package.json of @claas/api has no version.');
  return version;
}
