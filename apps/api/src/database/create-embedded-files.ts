import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';

const CREATE = `
  const { workerData } = require('node:worker_threads');
  const { PGlite } = require(workerData.pglite);
  PGlite.create(workerData.directory).then((database) => database.close());
`;

/**
 * Creates the files of an embedded database, once: a directory that exists is complete.
 * Creation takes 800 MB for a moment; in a worker thread that memory is given back when the thread ends.
 */
export async function createEmbeddedFiles(directory: string): Promise<void> {
  if (existsSync(join(directory, 'PG_VERSION'))) return;
  const draft = `${directory}.creating`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(dirname(draft), { recursive: true });
  await runWorker(draft);
  await syncTree(draft);
  await rm(directory, { recursive: true, force: true });
  await rename(draft, directory);
  await syncEntry(dirname(directory));
}

async function runWorker(directory: string): Promise<void> {
  const pglite = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const worker = new Worker(CREATE, { eval: true, workerData: { pglite, directory }, execArgv: [] });
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`Creating the database in ${directory} ended with code ${code}.`));
    });
  });
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
