import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { frozenFormatFor } from './frozen-format.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'frozen-format-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** A sparse file: its size is all that counts. */
async function file(name: string, mebibytes: number): Promise<void> {
  await writeFile(join(directory, name), '');
  await truncate(join(directory, name), mebibytes * 2 ** 20);
}

describe('frozenFormatFor', () => {
  it('keeps a small model in float32', async () => {
    await file('model.safetensors', 12);
    expect(await frozenFormatFor(directory)).toBe('F32');
  });

  it('leaves a large one, in several files, to the device', async () => {
    await file('model-00001-of-00002.safetensors', 200);
    await file('model-00002-of-00002.safetensors', 100);
    expect(await frozenFormatFor(directory)).toBeUndefined();
  });

  it('counts weights only', async () => {
    await file('model.safetensors', 12);
    await file('pytorch_model.bin', 500);
    expect(await frozenFormatFor(directory)).toBe('F32');
  });
});
