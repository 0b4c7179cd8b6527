import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { mergeConfig } from './merge-config.js';

/**
 * Writes openclaw.json into `folder`, over what is there already. A reader sees the old file or the new one.
 * @returns whether anything changed
 * @throws Error when the file that is there can't be understood; it is left as it is
 */
export async function writeConfig(folder: string, wanted: Readonly<Record<string, unknown>>): Promise<boolean> {
  const file = path.join(folder, 'openclaw.json');
  const before = await readConfig(file);
  const after = `${JSON.stringify(mergeConfig(parseConfig(before ?? '{}', file), wanted), null, 2)}\n`;
  if (before === after) return false;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, after, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return true;
}

async function readConfig(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function parseConfig(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new Error(
      `${file} is not plain JSON (comments and trailing commas can't be kept): mend it, or move it away.`,
    );
  }
}
