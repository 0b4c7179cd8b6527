import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ClaasError } from '@claas/contracts';
import { extract } from 'tar-stream';

/** As they lie in the archive; what a version has instead is made from them. */
export const RAW_WEIGHTS_FILE = 'service-weights.safetensors';
export const RAW_CONFIG_FILE = 'service-config.json';

const KNOWN_FILES: Readonly<Record<string, string>> = {
  'adapter_model.safetensors': RAW_WEIGHTS_FILE,
  'adapter_config.json': RAW_CONFIG_FILE,
};
const MAX_FILE_BYTES = 20e9;

/**
 * Unpacks the two known files of a checkpoint's tar, under names of their own. Nothing else is written, whatever the archive
 * says: no link is followed and no path is used.
 * @throws ClaasError `trainer_protocol`
 */
export async function unpackArchive(tar: AsyncIterable<Uint8Array>, directory: string): Promise<void> {
  const entries = extract();
  const found = new Set<string>();
  const unpacking = (async () => {
    for await (const entry of entries) {
      const { name, type, size } = entry.header;
      const known = KNOWN_FILES[name.replace(/^\.\//, '')];
      if (type === 'directory' || (type === 'file' && known === undefined && !isAdapterFile(name))) {
        entry.resume();
        continue;
      }
      if (type !== 'file' || known === undefined) throw refused(`an entry ${JSON.stringify(name)} of type ${type}`);
      if (size > MAX_FILE_BYTES) throw refused(`a file of ${size} bytes`);
      await rm(join(directory, known), { force: true });
      await pipeline(entry, createWriteStream(join(directory, known), { flags: 'wx' }));
      found.add(known);
    }
  })();
  await Promise.all([pipeline(tar, entries), unpacking]).catch((error: unknown) => {
    throw isOfFormat(error) ? refused(`no tar in it: ${error.message}`) : error;
  });
  for (const [name, file] of Object.entries(KNOWN_FILES)) {
    if (!found.has(file)) throw refused(`no ${name}`);
  }
}

/** tar-stream's own errors have no code; those of disks and connections do. */
function isOfFormat(error: unknown): error is Error {
  return error instanceof Error && !('code' in error);
}

/** One of the two files in a place where it isn't looked for. */
function isAdapterFile(name: string): boolean {
  return Object.keys(KNOWN_FILES).some((known) => name.endsWith(known));
}

function refused(found: string): ClaasError {
  return new ClaasError(
    'trainer_protocol',
    `The Tinker service's archive of an adapter has ${found}. Nothing was saved.`,
  );
}
