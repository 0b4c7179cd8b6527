import { ModalDouble } from '@claas/contracts/testing/modal';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RemoteService } from './remote-service.js';

const WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url));
const IMAGE = 'claas-trainer:latest';
const VOLUME = 'claas-e2e';

/** Modal's double, whose image holds this workspace with the native library that `npm test` has set up. */
export class ModalService implements RemoteService {
  private constructor(private readonly double: ModalDouble) {}

  static async start(): Promise<ModalService> {
    const double = await ModalDouble.start({
      image: {
        files: { '/opt/claas': WORKSPACE },
        environment: { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache') },
      },
    });
    double.images.publish(IMAGE);
    return new ModalService(double);
  }

  get settings(): Readonly<Record<string, string>> {
    return {
      ...this.double.environment,
      CLAAS_DISTILL_EXECUTION_MODE: 'modal',
      CLAAS_MODAL_IMAGE: IMAGE,
      CLAAS_MODAL_VOLUME: VOLUME,
    };
  }

  trainerProcessIds(): Promise<number[]> {
    const processes = this.double.sandboxes.running().flatMap(({ execs }) => [...execs.values()]);
    return Promise.resolve(processes.filter(({ exit }) => exit === null).map(({ processId }) => processId!));
  }

  copyStore(directory: string): Promise<void> {
    return this.double.copyVolume(VOLUME, directory);
  }

  close(): Promise<void> {
    return this.double.close();
  }
}
