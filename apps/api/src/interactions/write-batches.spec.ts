import { describe, expect, it } from 'vitest';
import { WriteBatches } from './write-batches.js';

describe('WriteBatches', () => {
  it('writes what arrives together at once, and what arrives meanwhile next', async () => {
    const batches: number[][] = [];
    let release: () => void = () => undefined;
    const writer = new WriteBatches<number>(async (batch) => {
      batches.push([...batch]);
      if (batches.length === 1) await new Promise<void>((resolve) => (release = resolve));
    });
    const first = Promise.all([writer.write(1), writer.write(2)]);
    await expect.poll(() => batches).toHaveLength(1);
    const later = Promise.all([writer.write(3), writer.write(4), writer.write(5)]);
    release();
    await Promise.all([first, later]);
    expect(batches).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it('tells those of a batch that failed, and goes on', async () => {
    let isBroken = true;
    const written: number[] = [];
    const writer = new WriteBatches<number>(async (batch) => {
      if (isBroken) throw new Error('gone');
      written.push(...batch);
    });
    const results = await Promise.allSettled([writer.write(1), writer.write(2)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isBroken = false;
    await writer.write(3);
    await writer.settled();
    expect(written).toEqual([3]);
  });

  it('writes no more than 500 rows at once', async () => {
    const sizes: number[] = [];
    const writer = new WriteBatches<number>(async (batch) => void sizes.push(batch.length));
    await Promise.all(Array.from({ length: 1100 }, (_, row) => writer.write(row)));
    expect(sizes).toEqual([500, 500, 100]);
  });

  it('waits for more rows, but not with a full batch', async () => {
    const sizes: number[] = [];
    const writer = new WriteBatches<number>(async (batch) => void sizes.push(batch.length), 30);
    const rows = Array.from({ length: 501 }, (_, row) => writer.write(row));
    await Promise.all(rows);
    expect(sizes).toEqual([500, 1]);
  });
});
