import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const DOCKER = path.join(ROOT, 'docker');

/** @param file relative to the root of the workspace */
export const readText = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
