import { it } from 'vitest';

/** Cases that an implementation can't meet, by name, each with the reason; it is printed, so that nothing is skipped silently. */
export type OptOuts<Case extends string> = Readonly<Partial<Record<Case, string>>>;

/** Declares a case of a contract, or says why this implementation leaves it out. */
export function contractCase<Case extends string>(
  optOuts: OptOuts<Case>,
  name: Case,
  check: () => Promise<void>,
  timeoutMs = 120_000,
): void {
  const reason = optOuts[name];
  if (reason === undefined) it(name, { timeout: timeoutMs }, check);
  else it.skip(`${name} — opted out: ${reason}`, check);
}
