import type { ScalingPoint, ScalingSection } from '../sections/measure-scaling.js';
import { summarize } from '../statistics/summary.js';
import { gibibytes, milliseconds, percent } from './format.js';
import { table } from './table.js';

const BYTES_PER_WEIGHT = 2;

export function scalingReport(section: ScalingSection): string {
  const { backend } = section;
  const points = [...section.byLength, ...section.bySize, ...section.byVocabulary];
  const measured = (of: readonly ScalingPoint[]): ScalingPoint[] => of.filter(({ failure }) => failure === null);
  const [byLength, bySize, byVocabulary] = [section.byLength, section.bySize, section.byVocabulary].map(measured) as [
    ScalingPoint[],
    ScalingPoint[],
    ScalingPoint[],
  ];
  return [
    ...points.filter(({ failure }) => failure !== null).map(failureLine),
    `Scaling on ${backend} (medians)`,
    table(
      ['tokens of the student', 'ms', 'ms/token', 'to the first', 'without attention', 'attention of FLOP', 'peak GiB'],
      byLength.map((point) => lengthRow(point, byLength[0]!)),
    ),
    table(
      ['shape', 'million weights', 'ms', 'GFLOP/s', 'peak GiB', 'without weights'],
      bySize.map((point) => [
        point.shape.name,
        (point.parameters / 1e6).toFixed(0),
        milliseconds(time(point)),
        (point.flops.needed / time(point) / 1e6).toFixed(0),
        gibibytes(peak(point)),
        gibibytes(peak(point) - BYTES_PER_WEIGHT * point.parameters),
      ]),
    ),
    table(
      ['vocabulary', 'layers', 'ms', 'peak GiB', 'without weights'],
      byVocabulary.map((point) => [
        String(point.shape.vocabularySize),
        String(point.shape.layers),
        milliseconds(time(point)),
        gibibytes(peak(point)),
        gibibytes(peak(point) - BYTES_PER_WEIGHT * point.parameters),
      ]),
    ),
  ].join('\n\n');
}

function failureLine({ shape, step, failure }: ScalingPoint): string {
  return `FAILED: ${step.promptTokens + step.responseTokens} tokens on shape ${shape.name} with ${shape.layers} layers: ${failure ?? ''}`;
}

function lengthRow(point: ScalingPoint, first: ScalingPoint): string[] {
  const share = point.flops.attention / point.flops.needed;
  const perToken = (of: ScalingPoint): number => time(of) / tokens(of);
  const withoutAttention = (of: ScalingPoint): number => perToken(of) * (1 - of.flops.attention / of.flops.needed);
  return [
    String(tokens(point)),
    milliseconds(time(point)),
    perToken(point).toFixed(2),
    `× ${(perToken(point) / perToken(first)).toFixed(2)}`,
    `× ${(withoutAttention(point) / withoutAttention(first)).toFixed(2)}`,
    percent(share),
    gibibytes(peak(point)),
  ];
}

function tokens({ step }: ScalingPoint): number {
  return step.promptTokens + step.responseTokens;
}

function time({ steps }: ScalingPoint): number {
  return summarize(steps.map((step) => step.total_ms)).median;
}

function peak({ steps }: ScalingPoint): number {
  return Math.max(...steps.map((step) => step.peak_bytes));
}
