import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';

/** Problem details as the service answers them. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

const HINTS: Readonly<Record<string, string>> = {
  adapter_not_found: '`claas list` shows the adapters, `claas init <name>` makes one.',
  model_not_found: '`claas list` shows the adapters, `claas init <name>` makes one.',
  adapter_version_not_found: '`claas versions <adapter>` shows the versions that are kept.',
  adapter_exists: 'Choose another name, or remove it first with `claas delete`.',
  feedback_not_found: '`claas feedbacks` shows what was received.',
  feedback_lock_timeout: '`claas follow <id>` waits for it.',
};

export function problemError(problem: Problem): CommandError {
  const fields = (problem.errors ?? []).map(({ field, message }) => `${field}: ${message}`);
  const isInDetail = fields.every((field) => problem.detail.includes(field));
  return new CommandError(isInDetail ? problem.detail : `${problem.detail} (${fields.join('; ')})`, {
    exitCode: problem.status >= 500 ? ExitCode.serviceFailed : ExitCode.refused,
    code: problem.code,
    hint: HINTS[problem.code] ?? null,
    data: { ...problem },
  });
}

/** An answer that isn't the service's own: a proxy in front of it, or another program at that address. */
export function foreignAnswerError(url: string, status: number, contentType: string | undefined): CommandError {
  if (status === 401 || status === 403) {
    return new CommandError(`${url} asks for a key (status ${status}).`, {
      exitCode: ExitCode.refused,
      code: 'key_refused',
      hint: 'Set CLAAS_API_KEY, or give --api-key.',
    });
  }
  const answer = `status ${status}${contentType === undefined ? '' : `, ${contentType}`}`;
  return new CommandError(`What answers at ${url} doesn't answer as CLaaS does (${answer}).`, {
    exitCode: status >= 500 ? ExitCode.serviceFailed : ExitCode.refused,
    code: 'not_claas',
    hint: 'Check --url or CLAAS_URL: it is the address of the CLaaS API, without /v1.',
  });
}

export function unreachableError(url: string, cause: unknown): CommandError {
  return new CommandError(`Nothing answers at ${url}: ${reasonOf(cause)}.`, {
    exitCode: ExitCode.unreachable,
    code: 'unreachable',
    hint: 'Is CLaaS running there? `npm start` starts one here; --url or CLAAS_URL name another.',
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name can’t be looked up now',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped half-way',
};

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return REASONS[code] ?? (cause.message || code);
}
