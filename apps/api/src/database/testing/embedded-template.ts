import { cp, mkdir, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import lockfile from 'proper-lockfile';
import { createEmbeddedFiles } from '../create-embedded-files.js';

/** `apps/api/node_modules/.cache`, kept between runs: creating the files takes seconds, copying them does not. */
const CACHE = resolve(import.meta.dirname, '../../../node_modules/.cache/claas-embedded-database');

/** Fills `directory` with the files of an empty embedded database, as {@link createEmbeddedFiles} would. */
export async function copyEmbeddedTemplate(directory: string): Promise<void> {
  const template = resolve(CACHE, 'files');
  await mkdir(CACHE, { recursive: true });
  const release = await lockfile.lock(CACHE, {
    stale: 120_000,
    retries: { retries: 600, minTimeout: 100, maxTimeout: 200 },
  });
  try {
    await createEmbeddedFiles(template);
  } finally {
    await release();
  }
  await mkdir(dirname(directory), { recursive: true });
  await cp(template, `${directory}.copy`, { recursive: true });
  await rename(`${directory}.copy`, directory);
}
