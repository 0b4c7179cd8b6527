/**
 * The pause that a `retry-after` header asks for, in milliseconds from `now`: seconds or a date (RFC 9110, 10.2.3). Null where there is
 * none, or nothing that can be read.
 */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined || text.trim() === '') return null;
  const seconds = Number(text);
  const pauseMs = Number.isNaN(seconds) ? Date.parse(text) - now : seconds * 1000;
  return Number.isFinite(pauseMs) ? Math.max(0, pauseMs) : null;
}
