import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, pipeline } from 'node:stream';
import JSZip from 'jszip';
import { AdapterCorruptError, type AdapterArchive, type AdapterVersion } from '@claas/contracts';
import { PEFT_FILES, sha256Of } from '../version/version-files.js';

/**
 * A zip of PEFT's two files, read while it is sent. Stored, not deflated: weights hardly shrink, and deflating would hold up
 * the process. The files are opened and checked before this returns, so that removing the version doesn't cut the download.
 * @throws AdapterCorruptError when a checksum differs from the manifest's
 */
export async function exportVersion({ manifest, directory }: AdapterVersion): Promise<AdapterArchive> {
  const handles: FileHandle[] = [];
  const close = () => Promise.all(handles.map((handle) => handle.close()));
  try {
    const zip = new JSZip();
    for (const name of PEFT_FILES) {
      const handle = await open(join(directory, name), 'r');
      handles.push(handle);
      const expected = manifest.files.find((file) => file.name === name)?.sha256;
      if ((await sha256Of(handle)) !== expected) {
        throw new AdapterCorruptError(manifest.loraId, manifest.version, `the checksum of ${name} is wrong`);
      }
      const content = handle.createReadStream({ start: 0, autoClose: false });
      zip.file(name, content, { binary: true, date: new Date(manifest.createdAt) });
    }
    const stream = new PassThrough();
    const entries = zip.generateNodeStream({ type: 'nodebuffer', compression: 'STORE', streamFiles: true });
    pipeline(entries, stream, () => void close());
    return { filename: `${manifest.loraId.replaceAll('/', '__')}-v${manifest.version}.zip`, stream };
  } catch (error) {
    await close();
    throw error;
  }
}
