import { ClaasError } from '@claas/contracts';
import { CommandLineError } from './command-line.js';
import { SettingsError } from './config/settings-error.js';
import { DatabaseInUseError } from './database/database-in-use-error.js';

/** The service can't listen where it was told to. */
export class ListenError extends Error {
  constructor(host: string, port: number, cause: Error) {
    const reason =
      'code' in cause && cause.code === 'EADDRINUSE'
        ? `port ${port} of ${host} is in use. Stop what uses it, or set CLAAS_API_PORT to another port.`
        : `${cause.message}. Set CLAAS_API_HOST and CLAAS_API_PORT to an address of this machine that is free.`;
    super(`The service can't listen: ${reason}`, { cause });
    this.name = 'ListenError';
  }
}

const EXPLAINED = [ClaasError, CommandLineError, DatabaseInUseError, ListenError, SettingsError];

/** What to print when the service can't start: the message where it explains everything, otherwise the stack. */
export function describeStartError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('syscall' in error && 'path' in error) {
    return `${error.message}. CLAAS_DATA_DIR and CLAAS_LORA_ROOT must be directories that can be written.`;
  }
  const isExplained = EXPLAINED.some((explained) => error instanceof explained);
  return isExplained ? error.message : (error.stack ?? error.message);
}
