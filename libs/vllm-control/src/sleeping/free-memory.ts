import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MEBIBYTE = 1 << 20;
const POLL_MS = 1_000;
const LIMIT_MS = 10_000;
const QUERY = ['--query-gpu=memory.free', '--format=csv,noheader,nounits'];

/** Free memory of the accelerator that has most of it, in bytes; null where there is no `nvidia-smi` to tell. */
export async function freeAcceleratorBytes(program = 'nvidia-smi'): Promise<number | null> {
  try {
    const { stdout } = await run(program, QUERY, { timeout: LIMIT_MS });
    const numbers = stdout.split('\n').map((line) => Number.parseInt(line, 10));
    const known = numbers.filter(Number.isFinite);
    return known.length === 0 ? null : Math.max(...known) * MEBIBYTE;
  } catch {
    return null;
  }
}

export interface FreeMemoryWish {
  readonly bytes: number;
  readonly timeoutMs: number;
}

/**
 * Waits until so much is free: a server that says it sleeps may still be giving its memory back.
 * @returns what was free in the end where that is too little, otherwise null
 */
export async function whenMemoryIsFree(
  { bytes, timeoutMs }: FreeMemoryWish,
  look: () => Promise<number | null> = freeAcceleratorBytes,
  pollMs = POLL_MS,
): Promise<number | null> {
  if (bytes === 0) return null;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const free = await look();
    if (free === null || free >= bytes) return null;
    if (Date.now() + pollMs > deadline) return free;
    await delay(pollMs);
  }
}
