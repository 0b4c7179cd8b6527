import type { AddonProof } from '@claas/tensor-backend/native-runtime';
import { chooseSources } from '../sources/choose-sources.js';
import { SourceUnavailable } from '../sources/library-source.js';
import type { LibrarySource } from '../sources/library-source.js';
import { buildRuntime } from './build-runtime.js';
import type { BuildContext } from './build-runtime.js';
import { SetUpError } from './set-up-error.js';

/**
 * Builds from the first source that has a library; one whose library does not fit is passed over like one that has none.
 * @throws SetUpError
 */
export async function trySources(context: BuildContext): Promise<{ source: LibrarySource; proof: AddonProof }> {
  const reasons: string[] = [];
  for (const source of chooseSources(context.settings)) {
    try {
      context.onOutput(`\n== ${source.title}\n`);
      return { source, proof: await buildRuntime(source, context) };
    } catch (error) {
      const isPassedOver = error instanceof SourceUnavailable || (error instanceof SetUpError && !source.isPinned);
      if (!isPassedOver) throw error;
      context.onOutput(`${error.message}\n`);
      reasons.push(error.message);
    }
  }
  throw new SetUpError(
    'no_libtensorflow',
    `libtensorflow can't be had: ${reasons.join('; ')}`,
    'connect to a network and run `npm run setup:native`, or set CLAAS_LIBTENSORFLOW to a folder with lib and include',
  );
}
