import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModalDouble } from '@claas/contracts/testing/modal';
import type { Double } from './start-double.js';

const WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url));
const IMAGE = 'claas-trainer:latest';

/** A double of Modal in this process; its Sandboxes are processes that run this workspace's trainer. */
export async function startModalDouble(): Promise<Double> {
  const double = await ModalDouble.start({
    image: {
      files: { '/opt/claas': WORKSPACE },
      // Where the native library is set up.
      environment: { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache') },
    },
  });
  double.images.publish(IMAGE);
  return {
    settings: {
      ...double.environment,
      CLAAS_DISTILL_EXECUTION_MODE: 'modal',
      CLAAS_MODAL_IMAGE: IMAGE,
    },
    stop: () => double.close(),
  };
}
