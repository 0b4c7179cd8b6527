import { ClaasError } from '@claas/contracts';

/** A line that has the form of a request; the method may still be unknown. */
export interface ParsedRequest {
  readonly id: number;
  readonly method: string;
  readonly params: object;
}

export type ParsedLine =
  | { readonly request: ParsedRequest }
  /** `id` null: the line doesn't even say whom to answer. */
  | { readonly id: number | null; readonly error: ClaasError };

/** Reads one line of stdin. */
export function parseRequest(line: string): ParsedLine {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch (error) {
    return { id: null, error: malformed(`it is not JSON (${error instanceof Error ? error.message : String(error)})`) };
  }
  if (typeof request !== 'object' || request === null) return { id: null, error: malformed('it is no object') };
  const { id, method, params } = request as Record<string, unknown>;
  if (typeof id !== 'number' || !Number.isSafeInteger(id))
    return { id: null, error: malformed('its id is no integer') };
  if (typeof method !== 'string') return { id, error: malformed('its method is no string') };
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    return { id, error: malformed('its params are no object') };
  }
  return { request: { id, method, params } };
}

function malformed(reason: string): ClaasError {
  return new ClaasError('trainer_protocol', `The trainer got a line that is no request: ${reason}.`);
}
