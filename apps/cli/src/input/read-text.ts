import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { localError, usageError } from '../errors/command-error.js';
import type { Surroundings } from '../program/session.js';

/** A file's text; "-" is standard input. A line feed at its end is not part of it. */
export async function readText(path: string, { stdin }: Pick<Surroundings, 'stdin'>): Promise<string> {
  if (path === '-') return withoutLastLineFeed(await text(stdin));
  try {
    return withoutLastLineFeed(await readFile(path, 'utf8'));
  } catch (error) {
    throw localError(`${path} can't be read: ${describeFileError(error)}.`);
  }
}

export async function readJson(path: string, surroundings: Pick<Surroundings, 'stdin'>): Promise<unknown> {
  const content = await readText(path, surroundings);
  try {
    return JSON.parse(content);
  } catch (error) {
    throw usageError(`${path === '-' ? 'Standard input' : path} is no JSON: ${(error as Error).message}.`);
  }
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'no permission',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ENOSPC: 'the disk is full',
  EEXIST: 'it exists already',
};

export function describeFileError(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return FILE_ERRORS[code] ?? message;
}

function withoutLastLineFeed(content: string): string {
  return content.replace(/\r?\n$/, '');
}
