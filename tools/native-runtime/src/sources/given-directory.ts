import { realpathSync } from 'node:fs';
import path from 'node:path';
import { SetUpError } from '../set-up/set-up-error.js';
import { findLibTensorFlow } from './find-libtensorflow.js';
import type { LibrarySource } from './library-source.js';

/**
 * The folder that `CLAAS_LIBTENSORFLOW` names. Whoever sets it means it: nothing else is tried when it is wrong.
 * @param runtimeDirectory where the runtime goes, which must not be linked to itself
 */
export function givenDirectory(directory: string, runtimeDirectory: string): LibrarySource {
  return {
    title: `CLAAS_LIBTENSORFLOW (${directory})`,
    ownership: 'foreign',
    isPinned: true,
    obtain: () => {
      const isItself = realPath(directory) === realPath(runtimeDirectory);
      const found = isItself ? `${directory} is where the runtime goes` : findLibTensorFlow(directory);
      if (typeof found !== 'string') return Promise.resolve(found);
      return Promise.reject(
        new SetUpError(
          'wrong_libtensorflow',
          `CLAAS_LIBTENSORFLOW is no libtensorflow: ${found}`,
          'point it at a folder with lib and include, or unset it',
        ),
      );
    },
  };
}

function realPath(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return path.resolve(directory);
  }
}
