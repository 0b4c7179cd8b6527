import type { FeedbackRecord } from '../claas/feedback-record.js';
import { describeCode } from './describe-failure.js';

/** What became of a feedback, for the person who gave it. */
export function describeOutcome(record: FeedbackRecord): string {
  const { error, receipt, version, timing_ms } = record;
  if (error !== null) return `❌ I did not learn that. ${describeCode(error.code, error.detail)}`;
  if (receipt === null || version === null) return '❌ I did not learn that: it was taken back before it was applied.';
  const seconds = (timing_ms.total / 1000).toFixed(1);
  const gaps = `${gap(receipt.gap_before)} → ${gap(receipt.gap_after)}`;
  const lines = [`✅ Learned in ${seconds} s. Gap to what you asked for: ${gaps} (version ${version}).`];
  if (receipt.gap_after >= receipt.gap_before)
    lines.push('It did not come closer. Say it in other words, or once more.');
  lines.push(...receipt.warnings.map((warning) => `⚠️ ${warning}`));
  return [...lines, '/feedback undo takes it back.'].join('\n');
}

/** Three digits that count: gaps are often far below one. */
function gap(nats: number): string {
  return String(Number(nats.toPrecision(3)));
}
