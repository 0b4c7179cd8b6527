import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { programFiles } from './program-files.js';

const EXECUTABLE = 0o755;
const PLAIN = 0o644;

/** The programs as a .tar.gz. The same files give the same bytes, so that Modal finds the image that it has built of them. */
export async function programArchive(workspace: string): Promise<Buffer> {
  const archive = pack();
  for (const name of programFiles(workspace)) {
    const isExecutable = (statSync(join(workspace, name)).mode & 0o100) !== 0;
    const mode = isExecutable ? EXECUTABLE : PLAIN;
    archive.entry({ name, mode, mtime: new Date(0) }, readFileSync(join(workspace, name)));
  }
  archive.finalize();
  return buffer(archive.pipe(createGzip({ level: 9 })));
}
