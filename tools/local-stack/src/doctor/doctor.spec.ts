import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePlan } from '../plan/make-plan.js';
import type { Flags, Variables } from '../settings/read-settings.js';
import { makeWorkplace, type Workplace } from '../testing/make-settings.js';
import { describeFindings } from './describe-findings.js';
import { examine } from './examine.js';
import type { Finding } from './finding.js';
import type { Patient } from './patient.js';
import { runProgram } from './run-program.js';

let place: Workplace;
let servers: Server[];
beforeEach(() => {
  place = makeWorkplace();
  servers = [];
});
afterEach(() => {
  for (const server of servers) server.close();
  place.remove();
});

/** A machine whose programs are those that the test has written, and no others. */
async function findings(
  flags: Flags = {},
  env: Variables = {},
  needs: Partial<Patient> = {},
): Promise<Map<string, Finding>> {
  const settings = place.settings(flags, { PATH: path.join(place.directory, 'bin'), HOME: place.directory, ...env });
  const found = await examine({
    settings,
    plan: makePlan(settings),
    minDiskBytes: 1,
    minMemoryBytes: 1,
    minGpuMemoryBytes: 4e9,
    run: runProgram,
    ...needs,
  });
  return new Map(found.map((finding) => [finding.check, finding]));
}

function program(name: string, prints: string): void {
  mkdirSync(path.join(place.directory, 'bin'), { recursive: true });
  place.write(`bin/${name}`, `#!/bin/sh\nprintf '%b' '${prints}'\n`);
}

describe('the doctor', () => {
  it('names a missing GPU: good to know without vLLM, to be fixed with it', async () => {
    const without = (await findings()).get('gpu');
    expect(without).toMatchObject({
      status: 'warning',
      text: 'No NVIDIA GPU: there is neither nvidia-smi nor a driver.',
    });
    expect(without?.remedy).toContain('run on the CPU, which is enough');
    const withVllm = (await findings({ vllm: 'Qwen/Qwen3-0.6B' })).get('gpu');
    expect(withVllm).toMatchObject({ status: 'problem' });
    expect(withVllm?.remedy).toContain('Leave `vllm` out');
  });

  it('reads GPU, driver and memory', async () => {
    program('nvidia-smi', 'NVIDIA L4, 570.86, 23034, 22000\\n');
    const good = await findings({ vllm: 'x/y' });
    expect([good.get('gpu')?.text, good.get('driver')?.text, good.get('gpu_memory')?.text]).toEqual([
      'NVIDIA L4, 24.2 GB',
      'NVIDIA driver 570.86',
      '23.1 GB free',
    ]);
    program('nvidia-smi', 'Tesla K80, 470.10, 11441, 1000\\nTesla K80, 470.10, 11441, 11441\\n');
    const old = await findings({ vllm: 'x/y' });
    expect(old.get('driver 0')).toMatchObject({ status: 'problem', remedy: 'Install driver 525 or newer.' });
    expect(old.get('gpu_memory 0')).toMatchObject({ status: 'problem' });
    expect(old.get('gpu_memory 1')).toMatchObject({ status: 'ok' });
  });

  it('names a busy port, and whose it is', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const finding = (await findings({ port })).get(`port:${port}`);
    expect(finding?.text).toMatch(
      new RegExp(`^Port ${port}, which api needs, is in use by .* \\(process ${process.pid}\\)\\.$`),
    );
    expect(finding).toMatchObject({
      status: 'problem',
      remedy: `End it (kill ${process.pid}), or choose another port with --port or CLAAS_API_PORT.`,
    });
  });

  it('names too little disk and memory', async () => {
    const found = await findings({}, {}, { minDiskBytes: 1e18, minMemoryBytes: 1e15 });
    expect(found.get('disk')?.text).toMatch(/ are free at .*, 1000000000\.0 GB are needed\.$/);
    expect(found.get('disk')?.remedy).toMatch(/^Make room there, give another disk with --data-dir/);
    expect(found.get('memory')).toMatchObject({ status: 'problem' });
    expect((await findings()).get('disk')?.status).toBe('ok');
  });

  it('names a data directory that can’t be one', async () => {
    const file = place.write('file', '');
    expect((await findings({ dataDir: path.join(file, 'data') })).get('data_dir')).toMatchObject({ status: 'problem' });
  });

  it.each([
    ['0.14.3', 'problem', 'vLLM 0.14.3 is too old.'],
    ['0.15.1', 'ok', 'vLLM 0.15.1'],
    ['0.33.0', 'ok', 'vLLM 0.33.0'],
    ['0.41.0rc1', 'warning', 'vLLM 0.41.0rc1 is newer than what was tried (0.33).'],
    ['what', 'problem', "`vllm --version` doesn't tell a version."],
  ])('knows whether vLLM %s will do: %s', async (version, status, text) => {
    program('vllm', `${version}\\n`);
    expect((await findings({ vllm: 'x/y' })).get('vllm')).toMatchObject({ status, text });
  });

  it('names programs that are missing', async () => {
    const found = await findings({ vllm: 'x/y', gateway: 'openclaw gateway' });
    expect(found.get('vllm')?.remedy).toContain('pip install vllm');
    expect(found.get('gateway')).toMatchObject({ status: 'problem', text: 'There is no program openclaw.' });
    program('openclaw', '');
    expect((await findings({ gateway: 'openclaw gateway' })).get('gateway')?.status).toBe('ok');
  });

  it('looks at the files of the model', async () => {
    expect((await findings()).get('model')?.text).toMatch(/^clay-tiny, \d+ MB of weights/);
    const model = path.join(place.directory, 'model');
    mkdirSync(model);
    place.write('model/config.json', '{}');
    place.write('model/model.safetensors.index.json', '{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}');
    place.write('model/one.safetensors', '');
    const lacking = (await findings({}, { CLAAS_BASE_MODEL_ID: model })).get('model');
    expect(lacking).toMatchObject({
      status: 'problem',
      text: `${model} lacks tokenizer.json, two.safetensors.`,
    });
    expect((await findings({}, { CLAAS_BASE_MODEL_ID: './none' })).get('model')?.status).toBe('problem');
    expect((await findings({}, { CLAAS_BASE_MODEL_ID: 'Qwen/Qwen3-0.6B' })).get('model')).toMatchObject({
      status: 'warning',
    });
  });

  it('says what the native library is', async () => {
    expect((await findings()).get('native_runtime')).toMatchObject({ status: 'warning' });
    expect((await findings({}, { CLAAS_TENSOR_BACKEND: 'tensorflow' })).get('native_runtime')).toMatchObject({
      status: 'problem',
    });
    expect((await findings({}, { CLAAS_TENSOR_BACKEND: 'wasm' })).get('native_runtime')).toMatchObject({
      status: 'ok',
    });
  });

  it('gives every warning and problem a remedy, and shows them within the width', async () => {
    const found = [...(await findings({ vllm: 'x/y', gateway: 'none' }, {}, { minDiskBytes: 1e18 })).values()];
    for (const { status, remedy } of found) expect(remedy === null).toBe(status === 'ok');
    const text = describeFindings(found, false, 70);
    expect(text).toMatch(/^✗ disk +\d/m);
    expect(text).toMatch(/\d to fix before it can start/);
    const words = text.split('\n').filter((line) => line.length > 70 && line.trim().includes(' → '));
    expect(words).toEqual([]);
  });
});
