import { ModalService } from './modal-service.js';
import { TinkerService } from './tinker-service.js';

/** What the API speaks to in a mode, beside what it starts itself. */
export interface RemoteService {
  /** Tells the API of it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whatever trains, now; killed, it comes back by itself. */
  trainerProcessIds(): Promise<number[]>;
  /** A copy of what its store holds, in the store's own layout; missing where the store is the API's own. */
  copyStore?(directory: string): Promise<void>;
  close(): Promise<void>;
}

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
