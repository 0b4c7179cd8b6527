/** Why there is no native runtime. */
export type SetUpFailure =
  | 'unsupported_platform'
  | 'addon_source_missing'
  | 'no_compiler'
  | 'no_node_headers'
  | 'cache_not_writable'
  | 'too_little_space'
  | 'busy'
  | 'wrong_libtensorflow'
  | 'no_libtensorflow'
  | 'compilation_failed'
  | 'proof_failed';

/** Failures that cost much time to find out, so that they are remembered (see FailureMemory). */
const COSTLY: readonly SetUpFailure[] = ['no_libtensorflow', 'compilation_failed', 'proof_failed'];

/** The native runtime can't be set up. `message` says what is wrong and `remedy` what to do; each one line, no full stop. */
export class SetUpError extends Error {
  constructor(
    readonly failure: SetUpFailure,
    message: string,
    readonly remedy: string,
  ) {
    super(oneLine(message));
    this.name = 'SetUpError';
  }

  get isCostly(): boolean {
    return COSTLY.includes(this.failure);
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}
