import { AdapterExistsError, AdapterIdConflictError } from '@claas/contracts';
import type { VolumeFiles } from './volume-files.js';

/** Removes `path`, which nothing points at, when `work` fails. */
export async function orRemove<T>(files: VolumeFiles, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await removeQuietly(files, path);
    throw error;
  }
}

/** As {@link orRemove}, but only after a refusal of ours: of a change whose answer was lost, nobody knows whether it came true. */
export async function orRemoveIfRefused<T>(files: VolumeFiles, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AdapterExistsError || error instanceof AdapterIdConflictError)
      await removeQuietly(files, path);
    throw error;
  }
}

/** What stays because this fails is swept when a store is opened: nothing points at it. */
export async function removeQuietly(files: VolumeFiles, path: string): Promise<void> {
  await files.remove(path).catch(() => undefined);
}
