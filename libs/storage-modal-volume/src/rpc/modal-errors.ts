import { storageUnavailable, hasSystemCode } from '@claas/adapter-files';
import { ClaasError } from '@claas/contracts';
import { BlockError } from '../blocks/block-error.js';
import { GrpcStatus, grpcStatusOf } from './grpc-status.js';
import { CallLimitError } from './retry-call.js';

const ADVICE: Readonly<Record<number, string>> = {
  [GrpcStatus.unauthenticated]: 'Check MODAL_TOKEN_ID and MODAL_TOKEN_SECRET.',
  [GrpcStatus.permissionDenied]: 'Check the rights of the token MODAL_TOKEN_ID in this environment.',
  [GrpcStatus.resourceExhausted]: 'Check the limits of the Modal workspace.',
};

/** A store's two places, for messages. */
export interface StorePlaces {
  readonly volume: string;
  readonly cacheDirectory: string;
}

/** Runs `work`; what fails at Modal, or on this machine's disk, becomes ClaasError `storage_unavailable`. */
export async function explainingVolumeErrors<T>(places: StorePlaces, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (hasSystemCode(error, 'ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO', 'EMFILE', 'ENFILE')) {
      throw storageUnavailable(places.cacheDirectory, error);
    }
    const isModals = grpcStatusOf(error) !== null || error instanceof BlockError || error instanceof CallLimitError;
    throw isModals ? volumeUnavailable(places.volume, error) : error;
  }
}

/** What a client is told of a volume that can't be used. An error of ours stays as it is. */
export function volumeUnavailable(volume: string, cause: unknown): ClaasError {
  if (cause instanceof ClaasError) return cause;
  const status = grpcStatusOf(cause);
  if (status === GrpcStatus.notFound) return volumeGone(volume, cause);
  const reason = cause instanceof Error ? cause.message : String(cause);
  const advice = ADVICE[status ?? -1] ?? 'Check the network and status.modal.com, then try again.';
  const message = `The Modal volume ${volume} can't be used (${reason}). ${advice}`;
  return new ClaasError('storage_unavailable', message, { volume }, { cause });
}

export function volumeGone(volume: string, cause?: unknown): ClaasError {
  return new ClaasError(
    'storage_unavailable',
    `The Modal volume ${volume} was deleted or emptied while it was in use. Restore it, or start the service again to begin with an empty one.`,
    { volume },
    { cause },
  );
}
