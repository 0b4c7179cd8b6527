import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** Ends with the process that started it: a closed stdin means that nobody waits. */
const CREATE = `
  process.stdin.resume().once('end', () => process.exit(1));
  const { PGlite } = require(process.argv[1]);
  PGlite.create(process.argv[2]).then((database) => database.close()).then(() => process.exit(0));
`;

/**
 * Creates the files of an embedded database, once: a directory that exists is complete.
 * Creation takes 800 MB for a moment, which only the end of a process gives back; so it has one of its own.
 */
export async function createEmbeddedFiles(directory: string): Promise<void> {
  if (existsSync(join(directory, 'PG_VERSION'))) return;
  await sweepDrafts(directory);
  const draft = `${directory}.creating-${randomBytes(4).toString('hex')}`;
  await runProcess(draft);
  await syncTree(draft);
  await rm(directory, { recursive: true, force: true });
  await rename(draft, directory);
  await syncEntry(dirname(directory));
}

/** What processes left that died while they created the files. */
async function sweepDrafts(directory: string): Promise<void> {
  const prefix = `${basename(directory)}.creating-`;
  const entries = await readdir(dirname(directory));
  for (const entry of entries.filter((name) => name.startsWith(prefix))) {
    await rm(join(dirname(directory), entry), { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runProcess(directory: string): Promise<void> {
  const pglite = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const child = spawn(process.execPath, ['-e', CREATE, pglite, directory], { stdio: ['pipe', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`The database in ${directory} could not be created: ${errors.slice(-2000)}`);
}

async function syncTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true });
  for (const entry of [...entries, '.']) await syncEntry(join(directory, entry));
}

async function syncEntry(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
