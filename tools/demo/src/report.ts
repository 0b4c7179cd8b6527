import asciichart from 'asciichart';
import type { FeedbackOutcome } from './claas-client.js';

const BAR_WIDTH = 30;

/** "29 of 30 (97 %)" with a bar. */
export function shareLine(label: string, answers: readonly boolean[]): string {
  const count = answers.filter(Boolean).length;
  const share = count / answers.length;
  const filled = Math.round(share * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  return `  ${label.padEnd(34)} ${bar} ${count} of ${answers.length} (${Math.round(100 * share)} %)`;
}

/** The gap between the model and itself with the feedback in its context, before each step. */
export function gapChart(outcomes: readonly FeedbackOutcome[]): string {
  const gaps = outcomes.map(({ gapBefore }) => gapBefore);
  const chart = asciichart.plot(stretch(gaps, 3), { height: 6, format: (value) => value.toFixed(4).padStart(9) });
  const closer = outcomes.filter(({ gapAfter, gapBefore }) => gapAfter < gapBefore).length;
  const lines = chart.split('\n').map((line) => `  ${line}`);
  return [
    '  Gap to the teacher (nats per token) before feedback 1 to ' + String(gaps.length) + ':',
    ...lines,
    `  ${closer} of ${outcomes.length} steps brought the model closer to the teacher on the tokens they were given for.`,
  ].join('\n');
}

function stretch(values: readonly number[], times: number): number[] {
  return values.flatMap((value) => Array.from({ length: times }, () => value));
}
