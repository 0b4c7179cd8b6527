import type { TensorBackend } from '@claas/tensor-backend';
import { discoverCases } from './cases/discover-cases.js';
import type { GoldenCase } from './cases/golden-case.js';
import { Comparison } from './comparison/comparison.js';
import type { GoldenDirectory } from './directory/golden-directory.js';
import type { CaseResult } from './report/case-result.js';
import { Report } from './report/report.js';

/** Folders of a complete set. */
export const FOLDERS = ['loss', 'edge', 'optim', 'models', 'chat'] as const;

/** Runs every case of a directory and prints what became of it; a directory in which nothing is recognised fails. */
export async function verifyGolden(
  directory: GoldenDirectory,
  backend: TensorBackend,
  output: { write(text: string): unknown; isTTY?: boolean },
): Promise<{ readonly passed: number; readonly failed: number }> {
  const discovered = discoverCases(directory, backend);
  const { cases } = discovered;
  const report = new Report(output, cases.length);
  const { name, note } = backend.description;
  report.line(`${cases.length} cases in ${directory.root}, computed by ${name}${note === null ? '' : ` (${note})`}`);
  try {
    for (const goldenCase of cases) report.add(await runCase(goldenCase));
  } finally {
    discovered.dispose();
  }

  for (const path of directory.listedButMissing()) report.fail(`${path}  listed in SHA256SUMS, but not there`);
  for (const path of directory.unclaimed()) report.fail(`${path}  no case checks this file`);
  if (cases.length === 0) report.fail(`${directory.root}  holds no golden data: expected ${FOLDERS.join('/, ')}/`);
  const missing = FOLDERS.filter((folder) => !directory.files.some((path) => path.startsWith(`${folder}/`)));
  if (missing.length > 0) report.line(`not checked, because the set has none: ${missing.join('/, ')}/`);
  report.summary();
  return { passed: report.passed, failed: report.failed };
}

async function runCase(goldenCase: GoldenCase): Promise<CaseResult> {
  const comparison = new Comparison();
  const start = performance.now();
  try {
    await goldenCase.run(comparison);
    comparison.finish();
  } catch (error) {
    comparison.miss('case', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
  const { misses, worstShare, worstQuantity, comparedValues } = comparison;
  return {
    name: goldenCase.name,
    misses,
    worst: worstQuantity === '' ? null : { share: worstShare, quantity: worstQuantity },
    comparedValues,
    milliseconds: performance.now() - start,
  };
}
