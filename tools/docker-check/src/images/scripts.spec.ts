import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'dotenv';
import { describe, expect, it } from 'vitest';
import { DOCKER } from '../workspace.js';

interface Ended {
  readonly code: number;
  readonly output: string;
}

function run(program: string, parameters: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH ?? '', ...environment };
    execFile(program, parameters, { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

describe('what an image holds', () => {
  it('is the projects that it needs, and no tool or test', async () => {
    const { closure } = (await import(pathToFileURL(path.join(DOCKER, 'assemble.mjs')).href)) as {
      readonly closure: (names: readonly string[]) => string[];
    };
    const trainer = closure(['@claas/trainer']);
    expect(trainer).toEqual(expect.arrayContaining(['@claas/contracts', '@claas/core-sdpo', '@claas/tensor-backend']));
    expect(trainer).not.toContain('@claas/api');
    const api = closure(['@claas/api', '@claas/trainer']);
    expect(api).toEqual(
      expect.arrayContaining([...trainer, '@claas/engine-local', '@claas/storage-fs', '@claas/vllm-control']),
    );
    expect(api.filter((name) => /check|demo|bench|e2e|double|cli$/.test(name))).toEqual([]);
    expect(() => closure(['@claas/none'])).toThrow('There is no project @claas/none.');
  });

  it('is refused for a folder that is not empty, and without a project', async () => {
    const assemble = path.join(DOCKER, 'assemble.mjs');
    expect(await run(process.execPath, [assemble, DOCKER, '@claas/api'])).toMatchObject({ code: 2 });
    expect((await run(process.execPath, [assemble])).output).toContain('Usage:');
  });
});

describe('health/ready.mjs', () => {
  const check = (variable: string, port: number): Promise<Ended> =>
    run(process.execPath, [path.join(DOCKER, 'health', 'ready.mjs'), variable], { [variable]: String(port) });

  it.each(['CLAAS_API_PORT', 'OPENCLAW_PORT'])('ends with 0 only when /readyz at %s says so', async (variable) => {
    let status = 200;
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(status).end('{"reason":"loading"}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await check(variable, port)).toEqual({ code: 0, output: '' });
    status = 503;
    expect(await check(variable, port)).toEqual({ code: 1, output: '/readyz answers 503: {"reason":"loading"}\n' });
    expect(asked).toEqual(['/readyz', '/readyz']);
    server.close();
    await once(server, 'close');
    expect(await check(variable, port)).toMatchObject({ code: 1, output: expect.stringContaining('ECONNREFUSED') });
  });

  it('names the variable that holds no port', async () => {
    const { code, output } = await run(process.execPath, [path.join(DOCKER, 'health', 'ready.mjs'), 'OPENCLAW_PORT']);
    expect([code, output]).toEqual([1, 'OPENCLAW_PORT must hold the port of the service\n']);
  });
});

describe('pin-images.sh', () => {
  it('gives each image of a registry its digest, once', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'pin-images-'));
    const names = readdirSync(DOCKER).filter((name) => /(\.Dockerfile|\.yml|^pin-images\.sh)$/.test(name));
    for (const name of names) cpSync(path.join(DOCKER, name), path.join(folder, name));
    const digest = `sha256:${'ab'.repeat(32)}`;
    // Stands for Docker, whose registry is not asked here.
    writeFileSync(path.join(folder, 'docker'), `#!/bin/sh\necho "$4" >>"$0.asked"\necho ${digest}\n`, { mode: 0o755 });
    const pin = (): Promise<Ended> =>
      run('sh', [path.join(folder, 'pin-images.sh')], { PATH: `${folder}:${process.env.PATH ?? ''}` });
    const texts = (): string =>
      names
        .filter((name) => !name.endsWith('.sh'))
        .map((name) => readFileSync(path.join(folder, name), 'utf8'))
        .join('\n');
    const before = texts();

    expect(await pin()).toMatchObject({ code: 0 });
    const asked = readFileSync(path.join(folder, 'docker.asked'), 'utf8').trim().split('\n');
    expect(asked).toEqual(
      expect.arrayContaining([expect.stringMatching(/^node:22\./), expect.stringMatching(/^postgres:/)]),
    );
    for (const image of asked) expect(texts()).toContain(`${image}@${digest}`);
    expect(texts().replaceAll(`@${digest}`, '')).toBe(before);
    const pinned = texts();
    expect(await pin()).toEqual({ code: 0, output: '' });
    expect(texts()).toBe(pinned);
    rmSync(folder, { recursive: true });
  });
});

describe('create-env.sh', () => {
  it('makes secrets up, differently each time, for the owner’s eyes only, and keeps what is there', async () => {
    const folders = [1, 2].map(() => mkdtempSync(path.join(tmpdir(), 'create-env-')));
    const made = [];
    for (const folder of folders) {
      for (const name of ['create-env.sh', '.env.example', '.env.tinker.example']) {
        cpSync(path.join(DOCKER, name), path.join(folder, name));
      }
      const { code, output } = await run('sh', [path.join(folder, 'create-env.sh')]);
      expect([code, output]).toEqual([0, expect.stringContaining('TELEGRAM_BOT_TOKEN=')]);
      expect(statSync(path.join(folder, '.env')).mode & 0o777).toBe(0o600);
      made.push(parse(readFileSync(path.join(folder, '.env'))));
    }
    const names = ['VLLM_API_KEY', 'OPENCLAW_GATEWAY_TOKEN', 'POSTGRES_PASSWORD'];
    const secrets = made.flatMap((values) => names.map((name) => values[name]!));
    for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{48}$/);
    expect(new Set(secrets).size).toBe(6);
    expect(made[0]).toMatchObject({ CPU_MODEL: 'clay-tiny', BIND_ADDRESS: '127.0.0.1', TELEGRAM_BOT_TOKEN: '' });
    const again = await run('sh', [path.join(folders[0]!, 'create-env.sh')]);
    expect(again.output).toContain('is there already');
    expect(parse(readFileSync(path.join(folders[0]!, '.env')))).toEqual(made[0]);
    const tinker = await run('sh', [path.join(folders[0]!, 'create-env.sh'), 'tinker']);
    expect(tinker.output).toContain('CLAAS_TINKER_API_KEY=');
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
});
