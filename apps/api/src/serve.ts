import { DistillationEngine } from '@claas/contracts';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { openBackend } from './backends/open-backend.js';
import { registerOpenApi } from './openapi/register-openapi.js';
import type { SettingsReading } from './config/read-settings.js';
import { createApp } from './create-app.js';
import { createLogger } from './logging/create-logger.js';
import { ListenError } from './start-error.js';

/** After the time for running requests is over, what is left has so long to be told. */
const LAST_WORDS_MS = 5_000;

/** Starts the service and keeps it until SIGTERM or SIGINT. */
export async function serve({ settings, warnings }: SettingsReading): Promise<void> {
  const logger = createLogger(settings.logLevel);
  for (const warning of warnings) logger.warn(warning);
  const app = await createApp(AppModule.with(settings, logger, openBackend), settings, logger);
  registerOpenApi(app);
  try {
    await app.listen(settings.port, settings.host);
  } catch (error) {
    await app.close();
    throw error instanceof Error && 'syscall' in error ? new ListenError(settings.host, settings.port, error) : error;
  }
  logger.info({ url: await app.getUrl(), mode: settings.mode, base_model: settings.baseModel.name }, 'listening');
  endOnSignal(app, settings.shutdownTimeoutMs, logger);
}

/** A first signal ends the service in order, a second one at once. */
function endOnSignal(app: NestFastifyApplication, timeoutMs: number, logger: Logger): void {
  let isEnding = false;
  const end = (signal: NodeJS.Signals): void => {
    if (isEnding) process.exit(1);
    isEnding = true;
    logger.info({ signal, timeout_ms: timeoutMs }, 'shutting down');
    void shutDown(app, timeoutMs, logger).then((exitCode) => process.exit(exitCode));
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

async function shutDown(app: NestFastifyApplication, timeoutMs: number, logger: Logger): Promise<number> {
  const overtime = setTimeout(() => {
    logger.warn('requests still run after the time to end: they are cancelled');
    void app.get(DistillationEngine).close();
    setTimeout(() => process.exit(1), LAST_WORDS_MS).unref();
  }, timeoutMs);
  try {
    await app.close();
    logger.info('ended');
    return 0;
  } catch (error) {
    logger.error({ err: error }, 'shutting down failed');
    return 1;
  } finally {
    clearTimeout(overtime);
  }
}
