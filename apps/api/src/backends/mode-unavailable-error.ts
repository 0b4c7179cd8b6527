import type { ExecutionMode } from '../config/environment.js';

/** The mode is known, and its engine isn't part of this version. */
export class ModeUnavailableError extends Error {
  constructor(mode: ExecutionMode) {
    super(
      `CLAAS_DISTILL_EXECUTION_MODE=${mode} is not part of this version yet: it has no engine for it. Set it to local, or remove it.`,
    );
    this.name = 'ModeUnavailableError';
  }
}
