import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeAcceleratorBytes, whenMemoryIsFree } from './free-memory.js';

describe('free accelerator memory', () => {
  let directory: string;
  const program = async (name: string, script: string): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'nvidia-smi-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is that of the accelerator with most of it, as nvidia-smi tells it', async () => {
    const script = '[ "$1 $2" = "--query-gpu=memory.free --format=csv,noheader,nounits" ] && printf "1024\\n2048\\n"';
    expect(await freeAcceleratorBytes(await program('two', script))).toBe(2048 * 2 ** 20);
  });

  it.each([
    ['missing', null],
    ['failing', 'exit 9'],
    ['unsupported', 'echo "[N/A]"'],
  ])('is unknown where nvidia-smi is %s', async (name, script) => {
    const path = script === null ? join(directory, 'nowhere') : await program(name, script);
    expect(await freeAcceleratorBytes(path)).toBeNull();
  });

  it('is waited for, and told when it stays too little', async () => {
    const looks = [5, 7, 10];
    expect(await whenMemoryIsFree({ bytes: 10, timeoutMs: 1000 }, async () => looks.shift() ?? 0, 1)).toBeNull();
    expect(looks).toEqual([]);
    expect(await whenMemoryIsFree({ bytes: 10, timeoutMs: 5 }, async () => 9, 1)).toBe(9);
    expect(await whenMemoryIsFree({ bytes: 10, timeoutMs: 0 }, async () => null, 1)).toBeNull();
    expect(await whenMemoryIsFree({ bytes: 0, timeoutMs: 0 }, async () => 0, 1)).toBeNull();
  });
});
