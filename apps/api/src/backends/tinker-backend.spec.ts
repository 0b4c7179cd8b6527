import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../config/read-settings.js';
import type { TinkerSettings } from '../config/settings.js';
import { createLogger } from '../logging/create-logger.js';
import { openTinkerBackend } from './tinker-backend.js';

describe('openTinkerBackend', () => {
  let root: string;
  let server: Server;
  let reply: { status: number; body: object };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'claas-tinker-backend-'));
    server = createServer((_request, response) => {
      response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.close();
    await rm(root, { recursive: true });
  });

  function settings(): TinkerSettings {
    const variables = {
      CLAAS_DISTILL_EXECUTION_MODE: 'tinker',
      CLAAS_TINKER_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      CLAAS_TINKER_API_KEY: 'any',
      CLAAS_TINKER_BASE_MODEL: 'clay-tiny',
      CLAAS_LORA_ROOT: join(root, 'loras'),
      CLAAS_DATA_DIR: root,
    };
    return readSettings(variables, root).settings as TinkerSettings;
  }

  const open = () => openTinkerBackend(settings(), createLogger('silent'));

  it.each([401, 403])(
    'does not start with a key that the service refuses with %i, and names the variable',
    async (status) => {
      reply = { status, body: { detail: 'Invalid API key' } };
      await expect(open()).rejects.toThrow(/refuses the API key .* Set CLAAS_TINKER_API_KEY/);
    },
  );

  it('does not start with a model that the service has not got, and names those that it has', async () => {
    reply = { status: 200, body: { supported_models: [{ model_name: 'Qwen/Qwen3-8B', max_context_length: 32768 }] } };
    await expect(open()).rejects.toThrow(/doesn't offer clay-tiny. Set CLAAS_TINKER_BASE_MODEL .*Qwen\/Qwen3-8B/);
  });

  it('starts while the service is out of order, says so in its health, and is well once it answers', async () => {
    reply = { status: 500, body: {} };
    const { engine, serving } = await open();
    try {
      expect(await engine.health()).toMatchObject({ ready: false, problem: expect.stringContaining('HTTP 500') });
      expect(await serving.health()).toMatchObject({ ready: false });
      reply = { status: 200, body: { supported_models: [{ model_name: 'clay-tiny', max_context_length: 512 }] } };
      expect(await engine.health()).toMatchObject({
        ready: true,
        problem: null,
        details: { baseModel: 'clay-tiny', contextLength: 512, max_top_k: 20 },
      });
    } finally {
      await engine.close();
    }
  });
});
