import { readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import JSZip from 'jszip';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXECUTION_MODE } from './service/execution-mode.js';
import { ServiceProcess } from './service/service-process.js';

const QUESTION = 'What color is the sky?';
const ZIP = 'application/zip';

let service: ServiceProcess;
beforeAll(async () => {
  service = await ServiceProcess.start();
});
afterAll(() => service.stopAndRemove());

async function learn(loraId: string): Promise<number> {
  const answer = await service.client.chat(loraId, QUESTION);
  const reply = await service.client.post('/v1/feedback', {
    lora_id: loraId,
    completion_id: answer.id,
    feedback: 'Be concise.',
    training: { learning_rate: 1e-3 },
  });
  expect(reply.status).toBe(200);
  return reply.body.version;
}

async function scoreOf(model: string): Promise<number> {
  const messages = [{ role: 'user', content: QUESTION }];
  return (await service.client.post('/v1/score', { model, messages, completion: 'The sky is blue.' })).body.logprob_sum;
}

describe('the life of an adapter', () => {
  it('is listed under its id and aliases, by a prefix that ends where it says', async () => {
    for (const id of ['user1/a', 'user1/b', 'user10/a']) await service.client.init(id);
    const { body } = await service.client.get('/v1/lora?prefix=user1/');
    expect(body.loras).toEqual(
      ['a', 'b'].flatMap((name) => [`user1/${name}`, `user1/${name}-init`, `user1/${name}-latest`]),
    );
    const detail = (await service.client.get('/v1/lora?prefix=user10/&detail=true')).body;
    expect(JSON.stringify(detail)).toContain('clay-tiny');
  });

  it('goes back and forth between versions, and serving follows', async () => {
    await service.client.init('erin/versions');
    const scores = [await scoreOf('erin/versions')];
    expect(await learn('erin/versions')).toBe(1);
    scores.push(await scoreOf('erin/versions'));
    expect(await learn('erin/versions')).toBe(2);
    scores.push(await scoreOf('erin/versions'));
    expect(new Set(scores).size).toBe(3);

    for (const version of [0, 1, 2, 1]) {
      const reply = await service.client.post('/v1/lora/rollback', { lora_id: 'erin/versions', version });
      expect(reply.status).toBe(200);
      expect(await scoreOf('erin/versions')).toBeCloseTo(scores[version]!, 4);
    }
    expect(await learn('erin/versions')).toBe(3);
    const { versions } = (await service.client.get('/v1/lora/versions?lora_id=erin/versions')).body;
    expect(
      versions.map(({ version, parent }: { version: number; parent: number | null }) => [version, parent]),
    ).toEqual([
      [3, 1],
      [2, 1],
      [1, 0],
      [0, null],
    ]);
  });

  // Elsewhere than in mode local, adapters lie where no vLLM of this machine reads them.
  it.skipIf(EXECUTION_MODE !== 'local')('is a PEFT directory that vLLM can read, always', async () => {
    await service.client.init('erin/peft');
    await learn('erin/peft');
    const directory = path.join(service.loraRoot, 'erin/peft-init');
    const config = JSON.parse(await readFile(path.join(directory, 'adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({ peft_type: 'LORA', task_type: 'CAUSAL_LM', r: 8, lora_alpha: 16, bias: 'none' });
    expect(config.target_modules).toHaveLength(7);
    const weights = await readFile(path.join(directory, 'adapter_model.safetensors'));
    const header = JSON.parse(weights.subarray(8, 8 + Number(weights.readBigUInt64LE())).toString());
    expect(header['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight']).toMatchObject({
      dtype: 'F32',
      shape: [8, 256],
    });
    expect(path.isAbsolute(await readlink(directory))).toBe(false);
  });

  it('leaves as a zip and comes back as another adapter that answers alike', async () => {
    await service.client.init('erin/export');
    await learn('erin/export');
    const archive = await service.client.get('/v1/lora/export?lora_id=erin/export');
    expect(archive.status).toBe(200);
    expect(archive.headers['content-type']).toContain(ZIP);
    expect(archive.headers['content-disposition']).toMatch(/^attachment; filename="[\w.-]+\.zip"/);
    const zip = await JSZip.loadAsync(archive.bytes);
    expect(Object.keys(zip.files).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);

    const imported = await service.client.postRaw('/v1/lora/import?lora_id=erin/copy', archive.bytes, ZIP);
    expect(imported.status, imported.bytes.toString()).toBe(200);
    expect(await scoreOf('erin/copy')).toBeCloseTo(await scoreOf('erin/export'), 5);
    const again = await service.client.postRaw('/v1/lora/import?lora_id=erin/copy', archive.bytes, ZIP);
    expect(again.status).toBe(409);
  });

  it('refuses archives that would harm', async () => {
    await service.client.init('erin/source');
    const good = (await service.client.get('/v1/lora/export?lora_id=erin/source')).bytes;
    const changed = async (change: (zip: JSZip) => void | Promise<void>): Promise<Buffer> => {
      const zip = await JSZip.loadAsync(good);
      await change(zip);
      return zip.generateAsync({ type: 'nodebuffer' });
    };
    const withConfig = (change: (config: Record<string, unknown>) => void) =>
      changed(async (zip) => {
        const config = JSON.parse(await zip.file('adapter_config.json')!.async('string'));
        change(config);
        zip.file('adapter_config.json', JSON.stringify(config));
      });
    const archives: [string, Buffer][] = [
      ['a path out of it', await changed((zip) => void zip.file('../evil.txt', 'x'))],
      ['an absolute path', await changed((zip) => void zip.file('/etc/evil', 'x'))],
      ['no weights', await changed((zip) => void zip.remove('adapter_model.safetensors'))],
      ['no config', await changed((zip) => void zip.remove('adapter_config.json'))],
      ['wrong shapes', await withConfig((config) => (config['r'] = 16))],
      ['DoRA', await withConfig((config) => (config['use_dora'] = true))],
      ['not a zip', Buffer.from('hello')],
      ['a cut zip', good.subarray(0, good.length / 2)],
      [
        'values that are not finite',
        await changed(async (zip) => {
          const weights = await zip.file('adapter_model.safetensors')!.async('nodebuffer');
          weights.writeUInt32LE(0x7fc00000, weights.length - 4);
          zip.file('adapter_model.safetensors', weights);
        }),
      ],
    ];
    for (const [what, archive] of archives) {
      const reply = await service.client.postRaw('/v1/lora/import?lora_id=erin/evil', archive, ZIP);
      expect(reply.status, what).toBe(422);
      expect(reply.body.detail.length, what).toBeGreaterThan(20);
    }
    expect((await service.client.get('/v1/lora?prefix=erin/evil')).body.loras).toEqual([]);
  });

  it('is deleted with its versions and aliases, and is then unknown everywhere', async () => {
    await service.client.init('erin/gone');
    expect((await service.client.delete('/v1/lora?lora_id=erin/gone-init')).body).toEqual({ deleted: true });
    expect((await service.client.delete('/v1/lora?lora_id=erin/gone-init')).body).toEqual({ deleted: false });
    expect((await service.client.get('/v1/lora?prefix=erin/gone')).body.loras).toEqual([]);
    expect(
      (
        await service.client.post('/v1/chat/completions', {
          model: 'erin/gone',
          messages: [{ role: 'user', content: 'x' }],
        })
      ).status,
    ).toBe(404);
  });

  it('makes one step without serving by /v1/distill', async () => {
    await service.client.init('erin/distill');
    const reply = await service.client.post('/v1/distill', {
      lora_id: 'erin/distill',
      prompt: QUESTION,
      response: 'The sky is blue! 😊',
      feedback: "Don't use emojis.",
      training: { learning_rate: 1e-3 },
    });
    expect(reply.status).toBe(200);
    expect(reply.body.lora_id).toMatch(/^erin\/distill-\d{8}-\d{6}$/);
    expect(reply.body.metadata.tokens_processed).toBeGreaterThan(3);
    expect(await scoreOf('erin/distill-latest')).not.toBeCloseTo(await scoreOf('erin/distill-init'), 4);
  });

  it('keeps no more versions than it is told, never losing the head', async () => {
    const small = await ServiceProcess.start({ CLAAS_KEEP_VERSIONS: '3' });
    try {
      await small.client.init('frank/few');
      for (let version = 1; version <= 5; version += 1) {
        const answer = await small.client.chat('frank/few', QUESTION, { max_completion_tokens: 5 });
        const body = { lora_id: 'frank/few', completion_id: answer.id, feedback: 'Be concise.' };
        expect((await small.client.post('/v1/feedback', body)).body.version).toBe(version);
      }
      // Old versions go after the feedback has its answer.
      const versions = async (): Promise<number[]> => {
        const { body } = await small.client.get('/v1/lora/versions?lora_id=frank/few');
        return body.versions.map(({ version }: { version: number }) => version);
      };
      await expect.poll(versions).toEqual([5, 4, 3]);
    } finally {
      await small.stopAndRemove();
    }
  });
});
