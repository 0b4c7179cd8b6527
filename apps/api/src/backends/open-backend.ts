import type { Logger } from 'pino';
import type { Settings } from '../config/settings.js';
import type { Backend } from './backend.js';
import { ModeUnavailableError } from './mode-unavailable-error.js';

/** The backend of the mode. Each is loaded only when it is used, so that one's missing parts don't stop another. */
export async function openBackend(settings: Settings, logger: Logger): Promise<Backend> {
  switch (settings.mode) {
    case 'local': {
      const { openLocalBackend } = await import('./local-backend.js');
      return openLocalBackend(settings, logger);
    }
    case 'modal':
    case 'tinker':
      throw new ModeUnavailableError(settings.mode);
  }
}
