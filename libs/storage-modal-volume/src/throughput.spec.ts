import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAdapterId } from '@claas/contracts';
import { ModalClient } from 'modal';
import { describe, expect, it, vi } from 'vitest';
import { ModalVolumeAdapterStore } from './modal-volume-adapter-store.js';
import { manifestOf } from './testing/volume-world.js';

const SERVER = fileURLToPath(new URL('testing/__fixtures__/modal-server.mjs', import.meta.url));
const CONTRACTS = fileURLToPath(new URL('../../contracts', import.meta.url));
const MEGABYTES = Number(process.env.CLAAS_VOLUME_MEGABYTES ?? 0);
const ROUNDS = 7;
/** Blocks on their way up or down, and what the runtime needs beside them. */
const MAX_GROWTH_BYTES = 250e6;

/** A large adapter up to the volume and down from it, beside plain copies of the same file, in turn. */
describe.skipIf(MEGABYTES === 0)('an adapter of CLAAS_VOLUME_MEGABYTES (longer run: 500)', () => {
  it('goes up and down whole, in memory that does not grow with it', { timeout: 600_000 }, async () => {
    const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    await promisify(execFile)(process.execPath, [compiler, '-b', CONTRACTS]);
    const server = spawn(process.execPath, [SERVER], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const { environment, plainUrl } = JSON.parse(line) as { environment: Record<string, string>; plainUrl: string };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const client = new ModalClient();
    const root = await mkdtemp(join(tmpdir(), 'claas-throughput-'));
    const watch = new MemoryWatch();
    try {
      const source = join(root, 'source');
      await writeRandom(source, MEGABYTES * 1e6);
      const times: Record<string, number[]> = {};
      const timed = async (name: string, work: () => Promise<unknown>): Promise<void> => {
        const began = performance.now();
        await work();
        (times[name] ??= []).push(performance.now() - began);
      };
      for (let round = 0; round < ROUNDS; round += 1) {
        const caches = [join(root, `up-${round}`), join(root, `down-${round}`)] as const;
        const options = { client, volume: `loras-${round}`, environment: null };
        const up = new ModalVolumeAdapterStore({ ...options, cacheDirectory: caches[0] });
        const down = new ModalVolumeAdapterStore({ ...options, cacheDirectory: caches[1] });
        await up.open();
        await down.open();
        const directory = await up.stage();
        await writeFile(join(directory, 'adapter_config.json'), '{}');
        await copyFile(source, join(directory, 'adapter_model.safetensors'));
        const steps: [string, () => Promise<unknown>][] = [
          ['copy by cp', () => copyFile(source, join(root, 'copied'))],
          ['plain HTTP up', () => plainPut(plainUrl, source)],
          ['volume up', () => up.create(parseAdapterId('a'), { directory, manifest: manifestOf(null), aliases: [] })],
          ['plain HTTP down', () => plainGet(plainUrl, join(root, 'fetched'))],
          ['volume down', () => down.read('a')],
        ];
        watch.start();
        for (const [name, work] of steps) await timed(name, work);
        watch.stop();
        const { directory: brought } = await down.read('a');
        const { stdout } = await promisify(execFile)('cmp', [source, join(brought, 'adapter_model.safetensors')]);
        expect(stdout).toBe('');
        for (const cache of caches) await rm(cache, { recursive: true });
      }
      report(times);
      process.stdout.write(`  resident memory grew by ${(watch.growth / 1e6).toFixed(0)} MB at most\n`);
      expect(watch.growth).toBeLessThan(MAX_GROWTH_BYTES);
    } finally {
      watch.stop();
      client.close();
      vi.unstubAllEnvs();
      server.stdin.end();
      await once(server, 'close');
      await rm(root, { recursive: true });
    }
  });
});

function report(times: Readonly<Record<string, number[]>>): void {
  for (const direction of ['up', 'down']) {
    const shares = times[`plain HTTP ${direction}`]!.map(
      (plain, round) => plain / times[`volume ${direction}`]![round]!,
    );
    const percents = shares.sort((a, b) => a - b).map((share) => (100 * share).toFixed(0));
    const median = percents[Math.floor(percents.length / 2)];
    process.stdout.write(
      `  ${direction}: ${median} % of a plain HTTP copy of the same round (${percents.join(', ')})\n`,
    );
  }
  for (const [name, all] of Object.entries(times)) {
    const sorted = [...all].sort((a, b) => a - b);
    const rate = (milliseconds: number): string => ((MEGABYTES * 1000) / milliseconds).toFixed(0);
    const median = sorted[Math.floor(sorted.length / 2)]!;
    process.stdout.write(
      `  ${name.padEnd(16)} ${rate(median).padStart(5)} MB/s (${rate(sorted.at(-1)!)} to ${rate(sorted[0]!)})\n`,
    );
  }
}

/** How much more memory this process has at most than when it began to be watched. */
class MemoryWatch {
  growth = 0;
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    const before = process.memoryUsage.rss();
    this.#timer = setInterval(() => {
      this.growth = Math.max(this.growth, process.memoryUsage.rss() - before);
    }, 10);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

async function writeRandom(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w');
  const chunk = new Uint8Array(65_536);
  for (let left = bytes; left > 0; left -= chunk.length) {
    await file.write(crypto.getRandomValues(chunk), 0, Math.min(left, chunk.length));
  }
  await file.close();
}

async function plainPut(url: string, path: string): Promise<void> {
  const { size } = await stat(path);
  const put = request(url, { method: 'PUT', headers: { 'content-length': size } });
  const answered = once(put, 'response') as Promise<[IncomingMessage]>;
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), put);
  const [response] = await answered;
  response.resume();
  await once(response, 'end');
}

async function plainGet(url: string, path: string): Promise<void> {
  const get = request(url).end();
  const [response] = (await once(get, 'response')) as [IncomingMessage];
  await pipeline(response, createWriteStream(path));
}
