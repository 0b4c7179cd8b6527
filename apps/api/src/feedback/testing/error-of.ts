import type { ClaasError } from '@claas/contracts';

/** With what this fails. @throws Error when it does not */
export function errorOf(promise: Promise<unknown>): Promise<ClaasError> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => error as ClaasError,
  );
}
