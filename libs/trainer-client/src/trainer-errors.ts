import { ClaasError } from '@claas/contracts';

/** How a process ended, as Node reports it. */
export interface TrainerExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

interface ReportedExit extends TrainerExit {
  /** The end of its stderr, oldest line first. */
  readonly lastLogLines: readonly string[];
}

function describeExit({ exitCode, signal }: TrainerExit): string {
  return signal === null ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`;
}

function exitDetails(exit: ReportedExit): Record<string, unknown> {
  return { exit_code: exit.exitCode, signal: exit.signal, last_log_lines: exit.lastLogLines };
}

/** The process died while it had something to do. */
export class TrainerCrashedError extends ClaasError {
  constructor(exit: ReportedExit) {
    const memory = exit.signal === 'SIGKILL' ? ' Signal SIGKILL is often the system running out of memory.' : '';
    super(
      'trainer_crashed',
      `The trainer process ended unexpectedly (${describeExit(exit)}); no adapter was changed.${memory} The next request starts it again: send this one again.`,
      exitDetails(exit),
    );
  }
}

/** The process was alive and silent for too long, and has been killed. */
export class TrainerUnresponsiveError extends ClaasError {
  constructor(noProgressMs: number) {
    super(
      'trainer_unresponsive',
      `The trainer showed no progress for ${noProgressMs / 1000} s and was ended; no adapter was changed. The next request starts it again: send this one again.`,
      { no_progress_ms: noProgressMs },
    );
  }
}

/** The process could not be started, or ended before the base model was loaded. */
export class TrainerFailedToStartError extends ClaasError {
  constructor(command: string, cause: ReportedExit | Error) {
    const isError = cause instanceof Error;
    const reason = isError ? cause.message : describeExit(cause);
    const words = isError ? '' : cause.lastLogLines.slice(-3).join(' | ');
    super(
      'trainer_failed_to_start',
      `The trainer (${command}) could not be started: ${reason}.${words === '' ? '' : ` It said: ${words}`} See the service's log.`,
      isError ? {} : exitDetails(cause),
      isError ? { cause } : undefined,
    );
  }
}

/** The caller no longer wants the answer, or the service is being stopped. */
export class CallCancelledError extends ClaasError {
  constructor(reason = 'The request was cancelled.') {
    super('cancelled', reason);
  }
}
