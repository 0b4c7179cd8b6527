import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsAdapterStore } from '@claas/storage-fs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module.js';
import { readSettings } from '../config/read-settings.js';
import type { Settings } from '../config/settings.js';
import { createApp } from '../create-app.js';
import { copyEmbeddedTemplate } from '../database/testing/embedded-template.js';
import { LearningEngine } from '../feedback/testing/learning-engine.js';
import { createLogger } from '../logging/create-logger.js';
import { registerOpenApi } from '../openapi/register-openapi.js';
import { ScriptedServing } from './scripted-serving.js';

export interface RunningService {
  readonly app: NestFastifyApplication;
  readonly engine: LearningEngine;
  readonly serving: ScriptedServing;
  readonly store: FsAdapterStore;
  readonly settings: Settings;
  /** Address of the real server, on a free port of the loopback interface. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The whole service with its own directories, database and HTTP server; only what a trainer would do is scripted.
 * `variables` are settings as the environment would have them.
 */
export async function startService(variables: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  const directory = await mkdtemp(join(tmpdir(), 'claas-api-'));
  const { settings } = readSettings({ CLAAS_LORA_ROOT: './loras', CLAAS_LOG_LEVEL: 'silent', ...variables }, directory);
  if (settings.databaseUrl === null) await copyEmbeddedTemplate(join(settings.dataDirectory, 'database'));
  const logger = createLogger(settings.logLevel);
  const engine = new LearningEngine();
  const serving = new ScriptedServing();
  const store = new FsAdapterStore({ root: settings.loraRoot });
  const app = await createApp(
    AppModule.with(settings, logger, async () => {
      await store.open();
      return { engine, serving, store, warmUp: () => Promise.resolve() };
    }),
    settings,
    logger,
  );
  registerOpenApi(app);
  await app.listen(0, '127.0.0.1');
  const stop = async (): Promise<void> => {
    await app.close();
    await rm(directory, { recursive: true, force: true, maxRetries: 20 });
  };
  return { app, engine, serving, store, settings, url: await app.getUrl(), stop };
}
