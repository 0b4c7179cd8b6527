import { ClaasError } from '@claas/contracts';

/** How one part of the service is. */
export interface PartHealth {
  readonly status: 'healthy' | 'unhealthy';
  readonly latencyMs: number;
  /** One sentence when unhealthy. */
  readonly error: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface PartReport {
  readonly problem: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

const LIMIT_MS = 5_000;

/** Asks a part how it is; one that throws or stays silent is unhealthy. */
export async function checkPart(ask: () => Promise<PartReport>): Promise<PartHealth> {
  const begin = performance.now();
  const report = await Promise.race([ask().catch(asProblem), silence()]);
  return {
    status: report.problem === null ? 'healthy' : 'unhealthy',
    latencyMs: Math.round((performance.now() - begin) * 10) / 10,
    error: report.problem,
    details: report.details,
  };
}

function asProblem(error: unknown): PartReport {
  return { problem: ClaasError.from(error).message, details: {} };
}

function silence(): Promise<PartReport> {
  return new Promise((resolve) => {
    setTimeout(resolve, LIMIT_MS, { problem: `No answer within ${LIMIT_MS / 1000} s.`, details: {} }).unref();
  });
}
