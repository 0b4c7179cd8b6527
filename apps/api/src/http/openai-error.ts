import type { FieldError, Problem } from './problem.js';

const OPENAI_PATHS = ['/v1/chat/completions', '/v1/completions', '/v1/models', '/v1/score'];

/** Is this one of the routes whose clients expect OpenAI's error object? */
export function isOpenAiPath(url: string): boolean {
  const path = url.split('?', 1)[0] ?? '';
  return OPENAI_PATHS.some((known) => path === known || path.startsWith(`${known}/`));
}

/** `problem` with OpenAI's `error` object as one more member, so that both kinds of clients understand it. */
export function withOpenAiError(problem: Problem): Problem & { readonly error: object } {
  return {
    ...problem,
    error: {
      message: problem.detail,
      type: problem.status < 500 ? 'invalid_request_error' : 'server_error',
      param: parameterOf(problem.errors) ?? (problem.code === 'model_not_found' ? 'model' : null),
      code: problem.code,
    },
  };
}

function parameterOf(errors: readonly FieldError[] | undefined): string | undefined {
  return errors?.[0]?.field;
}
