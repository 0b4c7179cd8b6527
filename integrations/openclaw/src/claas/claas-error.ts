/** What the API answered instead of what was asked for. */
export class ClaasProblem extends Error {
  /**
   * @param status HTTP status
   * @param code the API's stable code; null when something else answered, such as a proxy
   */
  constructor(
    readonly status: number,
    readonly code: string | null,
    readonly detail: string,
  ) {
    super(`${status} ${code ?? 'without a code'}: ${detail}`);
    this.name = 'ClaasProblem';
  }
}

/** The API can't be reached, or does not answer in time. */
export class ClaasUnreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`${url} can't be reached: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'ClaasUnreachable';
  }
}

/** Not reached, or a proxy's word that the service behind it is away. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof ClaasUnreachable) return true;
  return error instanceof ClaasProblem && error.code === null && [502, 503, 504].includes(error.status);
}
