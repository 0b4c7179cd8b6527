import { ClaasError, parseAdapterId } from '@claas/contracts';
import { describe, expect, it, vi } from 'vitest';
import { useService } from '../testing/use-service.js';

/** Texts that are no adapter ids; each must be refused wherever an id is taken. */
const NOT_IDS = [
  '../x',
  'a/../../x',
  '/etc',
  'a//b',
  'a/',
  '.hidden',
  'a/.b',
  'ä',
  'a b',
  'a/b/c/d/e',
  'x'.repeat(201),
  'a\\b',
  'a%2fb',
];

describe('adapters', () => {
  const api = useService();

  /** A second version, as a step would make it. */
  const commitVersion = async (id: string): Promise<void> => {
    const loraId = await api.service.store.resolve(id);
    const { manifest } = await api.service.store.read(loraId);
    const directory = await api.service.store.stage();
    await api.service.engine.initAdapter({ ...manifest, seed: 1, outputDirectory: directory });
    const committed = await api.service.store.commit(loraId, {
      parent: manifest.version,
      directory,
      manifest: { ...manifest, origin: 'feedback', feedbackId: 'f1' },
    });
    await api.service.serving.publish({ loraId, version: committed.manifest.version, directory: committed.directory });
  };

  it('come into being under their id and two aliases, and are served', async () => {
    const { status, body } = await api.client.post('/v1/lora/init', {
      lora_id: 'init/a',
      lora_r: 8,
      lora_alpha: 16,
      seed: 7,
    });
    expect({ status, body }).toEqual({ status: 200, body: { lora_id: 'init/a-init' } });
    expect((await api.client.get('/v1/lora?prefix=init/')).body).toEqual({
      loras: ['init/a', 'init/a-init', 'init/a-latest'],
    });
    expect(api.service.serving.published()).toContainEqual({ loraId: 'init/a-init', version: 0 });
    const versions = await api.client.get('/v1/lora/versions?lora_id=init/a-latest');
    expect(versions.body).toMatchObject({
      lora_id: 'init/a-init',
      versions: [
        { version: 0, parent: null, is_head: true, origin: 'init', feedback_id: null, seed: 7, metrics: null },
      ],
    });
  });

  it('draw a seed and keep it when none is given', async () => {
    await api.client.post('/v1/lora/init', { lora_id: 'init/seed' });
    const { manifest } = await api.service.store.read('init/seed');
    expect(manifest).toMatchObject({ rank: 32, loraAlpha: 64, baseModel: 'clay-tiny' });
    expect(manifest.targetModules).toHaveLength(7);
    expect(manifest.seed).toBeGreaterThanOrEqual(0);
  });

  it.each(['init/dup', 'init/dup-init'])('are never overwritten: %s again is 409', async (id) => {
    await api.client.post('/v1/lora/init', { lora_id: 'init/dup' });
    const before = await api.service.store.read('init/dup');
    const { status, body } = await api.client.post('/v1/lora/init', { lora_id: id === 'init/dup' ? id : 'init/dup' });
    expect({ status, code: body['code'] }).toEqual({ status: 409, code: 'adapter_exists' });
    expect(await api.service.store.read('init/dup')).toEqual(before);
  });

  it('don’t take the alias of another, nor the name of the base model', async () => {
    await api.client.post('/v1/lora/init', { lora_id: 'init/alias' });
    const hijack = await api.client.post('/v1/lora/init', { lora_id: 'init/alias-latest' });
    expect(hijack.status).toBe(409);
    expect(await api.service.store.resolve('init/alias-latest')).toBe('init/alias-init');
    const base = await api.client.post('/v1/lora/init', { lora_id: 'clay-tiny' });
    expect(base).toMatchObject({ status: 409, body: { code: 'adapter_id_conflict' } });
  });

  it.each([
    ['lora_id', { lora_id: '' }],
    ['lora_id', { lora_id: 5 }],
    ['lora_r', { lora_r: 3 }],
    ['lora_r', { lora_r: 129 }],
    ['lora_r', { lora_r: 8.5 }],
    ['lora_r', { lora_r: '8' }],
    ['lora_alpha', { lora_alpha: 7 }],
    ['lora_alpha', { lora_alpha: 257 }],
    ['target_modules', { target_modules: [] }],
    ['target_modules', { target_modules: 'q_proj' }],
    ['target_modules', { target_modules: ['q_proj', 'q_proj'] }],
    ['seed', { seed: -1 }],
    ['seed', { seed: 2 ** 32 }],
    ['lora_rank', { lora_rank: 8 }],
  ])('refuse a wrong %s with 422', async (field, change) => {
    const { status, body } = await api.client.post('/v1/lora/init', { lora_id: 'init/wrong', ...change });
    expect(status).toBe(422);
    expect((body['errors'] as { field: string }[]).map((error) => error.field)).toContain(field);
    expect((await api.client.get('/v1/lora?prefix=init/wrong')).body).toEqual({ loras: [] });
  });

  it('take null for every optional field as a client of the Python service sends it', async () => {
    const body = { lora_id: 'init/null', base_model: null, lora_r: null, lora_alpha: null, target_modules: null };
    expect(await api.client.post('/v1/lora/init', { ...body, seed: null })).toMatchObject({ status: 200 });
  });

  it('refuse another base model with 403 and an unknown module with 422, naming what there is', async () => {
    const model = await api.client.post('/v1/lora/init', { lora_id: 'init/x', base_model: 'Qwen/Qwen3-8B' });
    expect(model).toMatchObject({ status: 403, body: { code: 'base_model_not_allowed', allowed: ['clay-tiny'] } });
    const module = await api.client.post('/v1/lora/init', { lora_id: 'init/x', target_modules: ['q_proj', 'lm_head'] });
    expect(module).toMatchObject({ status: 422, body: { code: 'target_module_unknown', unknown: ['lm_head'] } });
  });

  it('leave nothing behind when the engine fails', async () => {
    const failing = vi
      .spyOn(api.service.engine, 'initAdapter')
      .mockRejectedValue(new ClaasError('trainer_crashed', 'The trainer ended.'));
    const discard = vi.spyOn(api.service.store, 'discard');
    const { status, body } = await api.client.post('/v1/lora/init', { lora_id: 'init/failing' });
    failing.mockRestore();
    expect({ status, code: body['code'] }).toEqual({ status: 500, code: 'trainer_crashed' });
    expect(discard).toHaveBeenCalledOnce();
    discard.mockRestore();
    expect((await api.client.post('/v1/lora/init', { lora_id: 'init/failing' })).status).toBe(200);
  });

  it.each(NOT_IDS)('refuse %j as an id at every endpoint', async (id) => {
    const query = `lora_id=${encodeURIComponent(id)}`;
    const answers = [
      await api.client.post('/v1/lora/init', { lora_id: id }),
      await api.client.get(`/v1/lora/versions?${query}`),
      await api.client.post('/v1/lora/rollback', { lora_id: id, version: 0 }),
      await api.client.get(`/v1/lora/export?${query}`),
      await api.client.send('POST', `/v1/lora/import?${query}`, 'PK', { 'content-type': 'application/zip' }),
      await api.client.delete(`/v1/lora?${query}`),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(422);
      expect(body).toMatchObject({ code: 'adapter_id_invalid', rule: expect.stringContaining('1 to 4 segments') });
    }
  });

  it.each(['versions', 'export'])('need an id that exists for %s', async (path) => {
    expect((await api.client.get(`/v1/lora/${path}`)).status).toBe(422);
    expect((await api.client.get(`/v1/lora/${path}?lora_id=`)).status).toBe(422);
    const unknown = await api.client.get(`/v1/lora/${path}?lora_id=no/body`);
    expect(unknown).toMatchObject({ status: 404, body: { code: 'adapter_not_found' } });
  });

  it('are listed by a prefix that is taken character by character', async () => {
    await api.client.post('/v1/lora/init', { lora_id: 'user1/x' });
    await api.client.post('/v1/lora/init', { lora_id: 'user10/x' });
    expect((await api.client.get('/v1/lora?prefix=user1/')).body['loras']).toEqual([
      'user1/x',
      'user1/x-init',
      'user1/x-latest',
    ]);
    const { body } = await api.client.get('/v1/lora?prefix=user10&detail=true');
    expect(body['details']).toMatchObject([
      {
        lora_id: 'user10/x-init',
        aliases: ['user10/x', 'user10/x-latest'],
        version: 0,
        lora_r: 32,
        last_receipt: null,
      },
    ]);
  });

  it.each(['prefix=../', 'prefix=a/../b', 'prefix=%00', 'detail=maybe', 'prefixx=a', 'prefix=a&prefix=b'])(
    'are not listed for the query %s',
    async (query) => {
      expect((await api.client.get(`/v1/lora?${query}`)).status).toBe(422);
    },
  );

  it('go back to a kept version, which is then served', async () => {
    await api.client.post('/v1/lora/init', { lora_id: 'back/a' });
    await commitVersion('back/a');
    const { status, body } = await api.client.post('/v1/lora/rollback', { lora_id: 'back/a', version: 0 });
    expect({ status, body }).toEqual({
      status: 200,
      body: { lora_id: 'back/a-init', version: 0, previous_version: 1 },
    });
    expect(api.service.serving.published()).toContainEqual({ loraId: 'back/a-init', version: 0 });
    const versions = (await api.client.get('/v1/lora/versions?lora_id=back/a')).body['versions'];
    expect(versions).toMatchObject([
      { version: 1, parent: 0, is_head: false, origin: 'feedback', feedback_id: 'f1' },
      { version: 0, is_head: true },
    ]);
    const unknown = await api.client.post('/v1/lora/rollback', { lora_id: 'back/a', version: 9 });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'adapter_version_not_found' } });
    for (const version of [-1, 1.5, '0', null]) {
      expect((await api.client.post('/v1/lora/rollback', { lora_id: 'back/a', version })).status).toBe(422);
    }
  });

  it('keep their head when a rollback can’t be served', async () => {
    await api.client.post('/v1/lora/init', { lora_id: 'back/b' });
    await commitVersion('back/b');
    const failing = vi
      .spyOn(api.service.serving, 'publish')
      .mockRejectedValueOnce(new ClaasError('serving_failed', 'The server refuses it.'));
    const { status } = await api.client.post('/v1/lora/rollback', { lora_id: 'back/b', version: 0 });
    failing.mockRestore();
    expect(status).toBe(502);
    expect((await api.service.store.read('back/b')).manifest.version).toBe(1);
    expect(api.service.serving.published()).toContainEqual({ loraId: 'back/b-init', version: 1 });
  });

  it('go with their aliases, and an alias goes alone', async () => {
    await api.client.post('/v1/lora/init', { lora_id: 'gone/a' });
    expect((await api.client.delete('/v1/lora?lora_id=gone/a-latest')).body).toEqual({ deleted: true });
    expect((await api.client.get('/v1/lora?prefix=gone/')).body).toEqual({ loras: ['gone/a', 'gone/a-init'] });
    expect((await api.client.delete('/v1/lora?lora_id=gone/a-init')).body).toEqual({ deleted: true });
    expect((await api.client.get('/v1/lora?prefix=gone/')).body).toEqual({ loras: [] });
    expect(api.service.serving.published()).not.toContainEqual(
      expect.objectContaining({ loraId: parseAdapterId('gone/a-init') }),
    );
    expect((await api.client.delete('/v1/lora?lora_id=gone/a-init')).body).toEqual({ deleted: false });
    expect((await api.client.delete('/v1/lora')).status).toBe(422);
  });
});
