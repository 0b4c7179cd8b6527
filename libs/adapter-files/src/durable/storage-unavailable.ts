import { ClaasError } from '@claas/contracts';
import { hasSystemCode } from './system-error.js';

/** What an operator can do something about: full or read-only disk, rights, defects. */
const OPERATOR_CODES = ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO', 'EMFILE', 'ENFILE'];

/** Runs `work`; a system error that an operator can end becomes ClaasError `storage_unavailable`. */
export async function explainingStorageErrors<T>(root: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (hasSystemCode(error, ...OPERATOR_CODES)) throw storageUnavailable(root, error);
    throw error;
  }
}

export function storageUnavailable(root: string, cause: unknown): ClaasError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ClaasError(
    'storage_unavailable',
    `The adapter store in ${root} can't be used (${reason}). Check its free space, its rights and its disk.`,
    { root },
    { cause },
  );
}
