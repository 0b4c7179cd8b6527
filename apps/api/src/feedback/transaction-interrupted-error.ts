import type { AdapterId } from '@claas/contracts';

/**
 * The transaction can't go on here and now: the database did not take a change, or another process has the accelerator.
 * Nothing is decided by it; the transaction is continued from what the database knows, here or elsewhere.
 */
export class TransactionInterruptedError extends Error {
  constructor(loraId: AdapterId, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`The feedbacks of LoRA ${loraId} can't go on now: ${reason}`, { cause });
    this.name = 'TransactionInterruptedError';
  }
}
