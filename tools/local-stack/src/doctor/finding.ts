/** What one check has found. */
export interface Finding {
  /** Stable: `node`, `disk`, `port:8080`. */
  readonly check: string;
  /** `warning`: it works, with less. */
  readonly status: 'ok' | 'warning' | 'problem';
  readonly text: string;
  /** What to do about it; null when nothing is wrong. */
  readonly remedy: string | null;
}

export function ok(check: string, text: string): Finding {
  return { check, status: 'ok', text, remedy: null };
}

export function warning(check: string, text: string, remedy: string): Finding {
  return { check, status: 'warning', text, remedy };
}

export function problem(check: string, text: string, remedy: string): Finding {
  return { check, status: 'problem', text, remedy };
}
