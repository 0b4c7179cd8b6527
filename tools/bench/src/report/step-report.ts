import type { StepMeasurement } from '../contestant/messages.js';
import type { StepSection, StepSeries } from '../sections/measure-steps.js';
import { parameterCount } from '../shape/model-shape.js';
import { summarize, summarizeRatios } from '../statistics/summary.js';
import type { Summary } from '../statistics/summary.js';
import { gibibytes, milliseconds, percent, spread } from './format.js';
import { table } from './table.js';

const BYTES_PER_WEIGHT = 2;

/** Times, memory, the share of the machine's limit, and the ratios to PyTorch. */
export function stepReport(section: StepSection): string {
  const { backend, shape, step, alpha, series } = section;
  const { promptTokens, responseTokens, feedbackTokens, rank } = step;
  const parts = [
    `One step on ${backend}: shape ${shape.name} (${(parameterCount(shape) / 1e6).toFixed(0)} million weights), ` +
      `prompt ${promptTokens}, response ${responseTokens}, feedback ${feedbackTokens} tokens, r ${rank} on seven modules, alpha ${alpha}`,
    stepTable(series),
    limitLines(section),
    ...ratioLines(series),
    memoryLine(section),
  ];
  return parts.join('\n\n');
}

function stepTable(series: readonly StepSeries[]): string {
  const median = (steps: readonly StepMeasurement[], key: keyof StepMeasurement): string =>
    milliseconds(summarize(steps.map((step) => step[key])).median);
  return table(
    [
      'ms (medians)',
      'load',
      'teacher',
      'forward',
      'backward',
      'update',
      'whole step',
      'processor',
      'peak GiB',
      'loss',
      '‖gradient‖',
    ],
    series.map(({ name, load, steps }) => [
      name,
      milliseconds(load.ms),
      ...(['teacher_ms', 'forward_ms', 'backward_ms', 'update_ms', 'total_ms', 'cpu_ms'] as const).map((key) =>
        median(steps, key),
      ),
      gibibytes(peakOf(steps)),
      // Of the first round: all have taken the same number of updates by then, so these must agree to rounding.
      steps[0]!.loss.toExponential(3),
      steps[0]!.grad_norm.toExponential(3),
    ]),
  );
}

/** The step's own floating-point operations in its time, against plain products measured in the same round. */
export function shareOfLimit({ series, limits, pytorchLimits, flops }: StepSection): {
  readonly needed: Summary;
  readonly withRecomputation: Summary;
} {
  const steps = series[0]!.steps;
  const perSecond = limits.map(({ gflops }, round) => 1e9 * Math.max(gflops, pytorchLimits[round]?.gflops ?? 0));
  const share = (operations: number): Summary =>
    summarizeRatios(
      steps.map(({ total_ms }) => (1000 * operations) / total_ms),
      perSecond,
    );
  return { needed: share(flops.needed), withRecomputation: share(flops.needed + flops.recomputation) };
}

function limitLines(section: StepSection): string {
  const { flops, limits, pytorchLimits } = section;
  const { needed, withRecomputation } = shareOfLimit(section);
  const gflops = (value: number): string => value.toFixed(0);
  const lines = [
    `Plain ${limits[0]!.format} matrix product, GFLOP/s: ${spread(summarize(limits.map((limit) => limit.gflops)), gflops)}` +
      (pytorchLimits.length === 0
        ? ''
        : `; PyTorch's ${spread(summarize(pytorchLimits.map((limit) => limit.gflops)), gflops)}`),
    `The step needs ${(flops.needed / 1e12).toFixed(2)} TFLOP: ${spread(needed, percent)} of the machine's limit (the faster of the two)`,
    `With the forward pass that is computed again on the way back ${((flops.needed + flops.recomputation) / 1e12).toFixed(2)} TFLOP: ${spread(withRecomputation, percent)}`,
  ];
  return lines.join('\n');
}

function ratioLines([own, ...others]: readonly StepSeries[]): string[] {
  if (own === undefined || others.length === 0) return [];
  const two = (value: number): string => value.toFixed(2);
  const ratio = (other: StepSeries, key: 'total_ms' | 'cpu_ms'): string =>
    spread(
      summarizeRatios(
        own.steps.map((step) => step[key]),
        other.steps.map((step) => step[key]),
      ),
      two,
    );
  return [
    table(
      [`${own.name} to`, 'time', 'processor time', 'peak memory'],
      others.map((other) => [
        other.name,
        ratio(other, 'total_ms'),
        ratio(other, 'cpu_ms'),
        two(peakOf(own.steps) / peakOf(other.steps)),
      ]),
    ),
  ];
}

function memoryLine({ shape, series }: StepSection): string {
  const { load } = series[0]!;
  const weights = BYTES_PER_WEIGHT * parameterCount(shape);
  return (
    `Peak memory after loading: ${gibibytes(load.peak_bytes)} GiB, the weight file has ${gibibytes(weights)} GiB ` +
    `(in float32 it would have ${gibibytes(2 * weights)})`
  );
}

function peakOf(steps: readonly StepMeasurement[]): number {
  return Math.max(...steps.map((step) => step.peak_bytes));
}
