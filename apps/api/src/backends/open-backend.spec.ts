import { ModalDouble } from '@claas/contracts/testing/modal';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readSettings } from '../config/read-settings.js';
import { createLogger } from '../logging/create-logger.js';
import { describeStartError } from '../start-error.js';
import type { Backend } from './backend.js';
import { openBackend } from './open-backend.js';

describe('openBackend in mode modal', () => {
  let root: string;
  let double: ModalDouble;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'claas-open-modal-'));
    double = await ModalDouble.start();
    for (const [name, value] of Object.entries(double.environment)) vi.stubEnv(name, value);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await double.close();
    await rm(root, { recursive: true });
  });

  function open(changes: Record<string, string> = {}): Promise<Backend> {
    const variables = {
      ...double.environment,
      CLAAS_DISTILL_EXECUTION_MODE: 'modal',
      CLAAS_DATA_DIR: root,
      ...changes,
    };
    return openBackend(readSettings(variables, root).settings, createLogger('silent'));
  }

  it('rents nothing, and says in its health that a step could run', async () => {
    double.images.publish('claas-trainer:latest');
    const backend = await open();
    const { engine, store, serving } = backend;
    await backend.warmUp();
    expect(await engine.health()).toMatchObject({
      ready: true,
      details: { running: false, gpu: 'L40S', sandboxId: null },
    });
    expect(await serving.health()).toMatchObject({ ready: true });
    expect(await store.list()).toEqual([]);
    expect(double.sandboxes.machines.size).toBe(0);
    await engine.close();
    await backend.close?.();
  });

  it.each([
    [
      'MODAL_TOKEN_SECRET',
      { MODAL_TOKEN_SECRET: 'wrong' },
      /^Modal refuses the credentials: set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET/,
    ],
    ['CLAAS_MODAL_IMAGE', { CLAAS_MODAL_IMAGE: 'nobody:1' }, /^The image nobody:1 is not published.*CLAAS_MODAL_IMAGE/],
  ])('does not start with a wrong %s, in one sentence', async (_name, changes, message) => {
    double.images.publish('claas-trainer:latest');
    const error: unknown = await open(changes).catch((reason: unknown) => reason);
    expect(describeStartError(error)).toMatch(message);
    expect(describeStartError(error)).not.toContain('\n');
  });

  it('says when Modal can not be reached', async () => {
    double.die();
    const error: unknown = await open().catch((reason: unknown) => reason);
    expect(describeStartError(error)).toMatch(
      /^Modal could not be used while looking up the App claas.*Try again later/,
    );
  });
});
