import type { Logger } from 'pino';
import type { Settings } from '../config/settings.js';
import type { Backend } from './backend.js';

/** The backend of the mode. Each is loaded only when it is used, so that one's missing parts don't stop another. */
export async function openBackend(settings: Settings, logger: Logger): Promise<Backend> {
  switch (settings.mode) {
    case 'local': {
      const { vllm } = settings;
      if (vllm !== null) {
        const { openLocalVllmBackend } = await import('./local-vllm-backend.js');
        return openLocalVllmBackend({ ...settings, vllm }, logger);
      }
      const { openLocalBackend } = await import('./local-backend.js');
      return openLocalBackend(settings, logger);
    }
    case 'tinker': {
      const { openTinkerBackend } = await import('./tinker-backend.js');
      return openTinkerBackend(settings, logger);
    }
    case 'modal': {
      const { openModalBackend } = await import('./modal-backend.js');
      return openModalBackend(settings, logger);
    }
  }
}
