import { ModalService } from './modal-service.js';
import type { RemoteService } from './remote-service.js';
import { TinkerService } from './tinker-service.js';

/** `CLAAS_E2E_MODE=modal npx nx test api-e2e` runs the same tests in another mode. */
export const EXECUTION_MODE = process.env['CLAAS_E2E_MODE'] ?? 'local';

/** Null where the API has all that it needs. `directory` is the service's own, for what has to outlive restarts. */
export async function startRemoteService(directory: string): Promise<RemoteService | null> {
  switch (EXECUTION_MODE) {
    case 'local':
      return null;
    case 'modal':
      return ModalService.start();
    case 'tinker':
      return TinkerService.start(directory);
    default:
      throw new Error(`CLAAS_E2E_MODE is ${EXECUTION_MODE}; expected local, modal or tinker.`);
  }
}
