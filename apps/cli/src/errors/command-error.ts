import { ExitCode } from './exit-code.js';

export interface CommandErrorFacts {
  readonly exitCode: number;
  /** Stable. */
  readonly code: string;
  /** What to do next; null where the message says it. */
  readonly hint?: string | null;
  /** What `--json` shows besides. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** An error that a person can do something about: shown without a stack. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly facts: CommandErrorFacts,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

export function usageError(message: string): CommandError {
  return new CommandError(message, { exitCode: ExitCode.usage, code: 'usage' });
}

export function localError(message: string): CommandError {
  return new CommandError(message, { exitCode: ExitCode.failed, code: 'local' });
}

export function interruptedError(message: string, hint: string | null = null): CommandError {
  return new CommandError(message, { exitCode: ExitCode.interrupted, code: 'interrupted', hint });
}
