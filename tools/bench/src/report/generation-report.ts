import type { GenerationMeasurement } from '../contestant/messages.js';
import type { GenerationSection, GenerationSeries } from '../sections/measure-generation.js';
import { summarize, summarizeRatios } from '../statistics/summary.js';
import { gibibytes, milliseconds, spread } from './format.js';
import { table } from './table.js';

/** Tokens a second of one answer and of several at once. */
export function generationReport({ backend, shape, promptTokens, newTokens, series }: GenerationSection): string {
  const rows = series.map(({ name, sequences, rounds }) => [
    `${name}, ${sequences} at once`,
    spread(summarize(rates(rounds)), (rate) => rate.toFixed(1)),
    milliseconds(summarize(rounds.map((round) => round.first_token_ms)).median),
    milliseconds(summarize(rounds.map((round) => round.total_ms)).median),
    gibibytes(Math.max(...rounds.map((round) => round.peak_bytes))),
  ]);
  return [
    `Generation on ${backend}: shape ${shape.name}, prompt ${promptTokens}, answer ${newTokens} tokens, greedy, with an adapter`,
    table(['', 'tokens/s of all', 'all have begun, ms', 'whole, ms', 'peak GiB'], rows),
    ratioTable(series),
  ].join('\n\n');
}

/** The first series is one answer of this project: what the others make of it. */
function ratioTable([one, ...others]: readonly GenerationSeries[]): string {
  const two = (value: number): string => value.toFixed(2);
  return table(
    ['tokens/s', 'to one answer of this project'],
    others.map(({ name, sequences, rounds }) => [
      `${name}, ${sequences} at once`,
      spread(summarizeRatios(rates(rounds), rates(one!.rounds)), two),
    ]),
  );
}

function rates(rounds: readonly GenerationMeasurement[]): number[] {
  return rounds.map((round) => round.tokens_per_second);
}
