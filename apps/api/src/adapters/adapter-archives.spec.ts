import { ClaasError } from '@claas/contracts';
import { describe, expect, it, vi } from 'vitest';
import { Client } from '../testing/client.js';
import { startService } from '../testing/start-service.js';
import { useService } from '../testing/use-service.js';

describe('adapters', () => {
  const api = useService();

  const exportOf = async (id: string): Promise<Buffer<ArrayBuffer>> => {
    const response = await fetch(`${api.service.url}/v1/lora/export?lora_id=${encodeURIComponent(id)}`);
    expect(response.status).toBe(200);
    return Buffer.from(await response.arrayBuffer());
  };

  const importAs = (id: string, archive: Uint8Array<ArrayBuffer>) =>
    api.client.send('POST', `/v1/lora/import?lora_id=${encodeURIComponent(id)}`, archive, {
      'content-type': 'application/zip',
    });

  it('come out as an archive and in again as another adapter', async () => {
    await api.client.post('/v1/lora/init', { lora_id: 'zip/a' });
    const response = await fetch(`${api.service.url}/v1/lora/export?lora_id=zip/a&version=0`);
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="[\w.-]+\.zip"$/);
    await response.arrayBuffer();
    const imported = await importAs('zip/copy', await exportOf('zip/a'));
    expect(imported).toMatchObject({ status: 200, body: { lora_id: 'zip/copy' } });
    const { manifest } = await api.service.store.read('zip/copy');
    expect(manifest).toMatchObject({ version: 0, origin: 'import', parent: null });
    expect(api.service.serving.published()).toContainEqual({ loraId: 'zip/copy', version: 0 });
    expect(await importAs('zip/copy', await exportOf('zip/a'))).toMatchObject({ status: 409 });
  });

  it.each(['1.5', '-1', 'x', ''])('are not exported at version %j', async (version) => {
    await api.client.post('/v1/lora/init', { lora_id: 'zip/v' });
    expect((await api.client.get(`/v1/lora/export?lora_id=zip/v&version=${version}`)).status).toBe(422);
  });

  it('refuse archives that are none, or that lead out of themselves', async () => {
    await api.client.post('/v1/lora/init', { lora_id: 'zip/b' });
    const archive = await exportOf('zip/b');
    const evil = Buffer.from(
      archive.toString('latin1').replaceAll('adapter_config.json', '../adapter_cfg.json'),
      'latin1',
    );
    for (const bytes of [Buffer.from('junk'), Buffer.alloc(0), archive.subarray(0, 100), evil]) {
      const { status, body } = await importAs('zip/evil', bytes);
      expect({ status, code: body['code'] }).toEqual({ status: 422, code: 'adapter_archive_invalid' });
    }
    expect((await api.client.get('/v1/lora?prefix=zip/evil')).body).toEqual({ loras: [] });
  });

  it('refuse an archive that doesn’t fit the base model, and leave nothing of it', async () => {
    await api.client.post('/v1/lora/init', { lora_id: 'zip/c' });
    const archive = await exportOf('zip/c');
    const inspection = vi
      .spyOn(api.service.engine, 'inspectAdapter')
      .mockRejectedValue(new ClaasError('adapter_incompatible', 'q_proj has the shape [1,2], expected [3,4].'));
    const discard = vi.spyOn(api.service.store, 'discard');
    const { status, body } = await importAs('zip/misfit', archive);
    inspection.mockRestore();
    expect(status).toBe(422);
    expect(body['detail']).toContain('expected [3,4]');
    expect(discard).toHaveBeenCalledOnce();
    discard.mockRestore();
  });

  it('are imported only as an archive', async () => {
    const { status, body } = await api.client.post('/v1/lora/import?lora_id=zip/json', { a: 1 });
    expect({ status, code: body['code'] }).toEqual({ status: 415, code: 'media_type_unsupported' });
    expect(body['detail']).toContain('application/zip');
  });
});

describe('an archive limit', () => {
  it('refuses a larger archive with the setting’s name', async () => {
    const service = await startService({ CLAAS_MAX_ARCHIVE_BYTES: '2000' });
    const { status, body } = await new Client(service).send('POST', '/v1/lora/import?lora_id=a', new Uint8Array(3000), {
      'content-type': 'application/octet-stream',
    });
    await service.stop();
    expect({ status, setting: body['setting'] }).toEqual({ status: 413, setting: 'CLAAS_MAX_ARCHIVE_BYTES' });
  });
});
