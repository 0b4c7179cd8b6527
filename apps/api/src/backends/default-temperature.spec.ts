import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDefaultTemperature } from './default-temperature.js';

describe('the temperature that a server takes where a request names none', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'claas-model-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is the model’s own, 1 where it has no opinion, and unknown where its files are', async () => {
    expect(await readDefaultTemperature(directory)).toBe(1);
    await writeFile(join(directory, 'generation_config.json'), '{"temperature": 0.6, "top_k": 20}');
    expect(await readDefaultTemperature(directory)).toBe(0.6);
    await writeFile(join(directory, 'generation_config.json'), '{"do_sample": false}');
    expect(await readDefaultTemperature(directory)).toBe(1);
    expect(await readDefaultTemperature(null)).toBeNull();
  });
});
