import { status } from '@grpc/grpc-js';
import { ModalClient } from 'modal';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ModalDouble } from './modal-double.js';

describe('ModalDouble, through the SDK', () => {
  let double: ModalDouble;
  let client: ModalClient;

  beforeEach(async () => {
    double = await ModalDouble.start();
    for (const [name, value] of Object.entries(double.environment)) vi.stubEnv(name, value);
    client = new ModalClient();
  });

  afterEach(async () => {
    client.close();
    vi.unstubAllEnvs();
    await double.close();
  });

  it('gives an App the same id by its name, and refuses one that is not there', async () => {
    await expect(client.apps.fromName('claas')).rejects.toThrow("App 'claas' not found");
    const created = await client.apps.fromName('claas', { createIfMissing: true });
    expect((await client.apps.fromName('claas')).appId).toBe(created.appId);
    expect(created.appId).toMatch(/^ap-/);
    expect(double.rpcs()).toContain('AuthTokenGet');
  });

  it('refuses a wrong secret', async () => {
    const stranger = new ModalClient({ tokenId: double.tokenId, tokenSecret: 'wrong', maxRetries: 0 });
    await expect(stranger.apps.fromName('claas')).rejects.toThrow('UNAUTHENTICATED');
    stranger.close();
  });

  it('fails as planned, for as many calls as planned', async () => {
    double.faults.set('AppGetOrCreate', { kind: 'fail', code: status.PERMISSION_DENIED, times: 1 });
    const app = () => client.apps.fromName('claas', { createIfMissing: true });
    await expect(app()).rejects.toThrow('PERMISSION_DENIED');
    expect((await app()).appId).toMatch(/^ap-/);
  });

  it('breaks calls when it dies, and knows everything after a restart', async () => {
    const { appId } = await client.apps.fromName('claas', { createIfMissing: true });
    double.die();
    await expect(client.apps.fromName('claas')).rejects.toThrow('UNAVAILABLE');
    await double.restart();
    expect((await client.apps.fromName('claas')).appId).toBe(appId);
  });
});
