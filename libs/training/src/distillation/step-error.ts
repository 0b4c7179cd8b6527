import { ClaasError } from '@claas/contracts';
import { NonFiniteLossError } from '@claas/core-sdpo';
import { asClaasError } from '../errors/as-claas-error.js';

/** What went wrong in a step, as a client may see it. */
export function stepError(error: unknown): ClaasError {
  if (!(error instanceof NonFiniteLossError)) return asClaasError(error);
  return new ClaasError(
    'step_not_finite',
    `The step was refused, because a number in it is not finite: ${error.quantity}. Nothing was saved; try a smaller learning_rate, or roll the adapter back.`,
    { quantity: error.quantity },
    { cause: error },
  );
}
