import { ClaasError } from '@claas/contracts';
import { NotFoundError, ResourceExhaustedError } from 'modal';

/** gRPC status codes that mean something to whoever operates the service. */
const RESOURCE_EXHAUSTED = 8;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/** Modal can't do now what the engine needs: no adapter was changed. */
export class ModalUnavailableError extends ClaasError {
  constructor(message: string, cause?: unknown) {
    super('engine_unavailable', message, {}, cause === undefined ? undefined : { cause });
  }
}

/** The Sandbox, or the way to it, went away in the middle: preempted, timed out, or the connection was cut. */
export class SandboxLostError extends ClaasError {
  constructor(reason: string) {
    super(
      'trainer_crashed',
      `The Sandbox with the trainer was lost (${reason}); no adapter was changed. The next request starts another: send this one again.`,
      { reason },
    );
  }
}

/** What went wrong at Modal as an error of ours; `doing` completes "… while". */
export function modalError(error: unknown, doing: string): ClaasError {
  if (error instanceof ClaasError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const code = statusOf(error);
  if (code === UNAUTHENTICATED || code === PERMISSION_DENIED || reason.includes('Token missing')) {
    return new ModalUnavailableError(
      'Modal refuses the credentials: set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET to a token of the workspace (`modal token new`, or modal.com/settings/tokens).',
      error,
    );
  }
  if (error instanceof ResourceExhaustedError || code === RESOURCE_EXHAUSTED) {
    return new ModalUnavailableError(
      `Modal has no capacity, or the workspace's quota is used up, while ${doing} (${reason}). Try again later, or set CLAAS_MODAL_GPU to another GPU.`,
      error,
    );
  }
  if (error instanceof NotFoundError) return new ModalUnavailableError(`${reason} (while ${doing})`, error);
  return new ModalUnavailableError(`Modal could not be used while ${doing}: ${reason}. Try again later.`, error);
}

/** Runs `work`; what it throws is told as {@link modalError}. */
export async function atModal<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw modalError(error, doing);
  }
}

function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'number' ? error.code : null;
}
