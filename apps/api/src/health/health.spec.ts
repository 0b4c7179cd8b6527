import { ClaasError } from '@claas/contracts';
import { describe, expect, it, vi } from 'vitest';
import { useService } from '../testing/use-service.js';

describe('health', () => {
  const api = useService();

  const get = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(`${api.service.url}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('tells of every part that it is healthy', async () => {
    const { status, body } = await get('/v1/health');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'healthy',
      engine: { status: 'healthy', error: null },
      storage: { status: 'healthy', error: null },
      serving: { status: 'healthy', error: null },
      database: { status: 'healthy', error: null, details: { kind: 'embedded' } },
    });
    expect(body['engine']).toHaveProperty('latency_ms', expect.any(Number));
  });

  it('is degraded when only the server is ill, and says why', async () => {
    const ill = vi
      .spyOn(api.service.serving, 'health')
      .mockResolvedValue({ ready: false, problem: 'No server.', details: {} });
    const { status, body } = await get('/v1/health');
    ill.mockRestore();
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'degraded', serving: { status: 'unhealthy', error: 'No server.' } });
  });

  it('answers 503 when no step could run, and is then not ready', async () => {
    const full = vi
      .spyOn(api.service.store, 'health')
      .mockRejectedValue(new ClaasError('storage_unavailable', 'Disk full.'));
    const health = await get('/v1/health');
    const readiness = await get('/readyz');
    full.mockRestore();
    expect(health.status).toBe(503);
    expect(health.body).toMatchObject({ status: 'unhealthy', storage: { error: 'Disk full.' } });
    expect(readiness).toEqual({ status: 503, body: { status: 'not_ready' } });
    expect(await get('/readyz')).toEqual({ status: 200, body: { status: 'ready' } });
  });

  it('lives whatever its parts say', async () => {
    const broken = vi.spyOn(api.service.engine, 'health').mockRejectedValue(new Error('broken'));
    const liveness = await get('/livez');
    broken.mockRestore();
    expect(liveness).toEqual({ status: 200, body: { status: 'alive' } });
  });
});
