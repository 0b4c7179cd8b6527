import { withContestant } from '../contestant/contestant-process.js';
import type { StepMeasurement } from '../contestant/messages.js';
import { ownProgram } from '../contestant/own-program.js';
import type { MeasuredBackend } from '../contestant/own-program.js';
import { stepTokens } from '../contestant/step-tokens.js';
import { stepFlops } from '../flops/step-flops.js';
import type { StepFlops } from '../flops/step-flops.js';
import { modelShape, parameterCount } from '../shape/model-shape.js';
import type { ModelShape } from '../shape/model-shape.js';
import { STANDARD_STEP, stepOfLength } from '../shape/step-shape.js';
import type { StepShape } from '../shape/step-shape.js';
import { shapeFor, syntheticFiles } from './bench-context.js';
import type { BenchContext } from './bench-context.js';

/** Steps in a process of their own: its peak memory is that of this step alone. */
export interface ScalingPoint {
  readonly shape: ModelShape;
  readonly parameters: number;
  readonly step: StepShape;
  readonly flops: StepFlops;
  /** Empty where the step failed. */
  readonly steps: readonly StepMeasurement[];
  /** Why it failed; null when it didn't. A size that doesn't work says something too, and the other points are worth having. */
  readonly failure: string | null;
}

export interface ScalingSection {
  readonly backend: MeasuredBackend;
  readonly byLength: readonly ScalingPoint[];
  readonly bySize: readonly ScalingPoint[];
  /** A few layers of the shape: what the vocabulary costs shows better. */
  readonly byVocabulary: readonly ScalingPoint[];
}

const LENGTHS = [256, 512, 1024, 2048, 4096];
const LARGEST_SHAPES = ['clay-tiny', '0.1b', '0.3b', '0.6b', '1.7b'];
const VOCABULARY_DIVISORS = [4, 2, 1];
const LAYERS_FOR_VOCABULARY = 4;

/** How time and memory of a step grow with its length, with the model, and with the vocabulary. */
export async function measureScaling(context: BenchContext, backend: MeasuredBackend): Promise<ScalingSection> {
  const { args } = context;
  const shape = shapeFor(backend, args);
  const lengths = args.isQuick || backend === 'wasm' ? LENGTHS.slice(0, 2) : LENGTHS;
  const byLength: ScalingPoint[] = [];
  for (const length of lengths) byLength.push(await measurePoint(context, backend, shape, stepOfLength(length)));
  const bySize: ScalingPoint[] = [];
  for (const name of LARGEST_SHAPES.slice(0, LARGEST_SHAPES.indexOf(shape.name) + 1)) {
    bySize.push(await measurePoint(context, backend, modelShape(name), STANDARD_STEP));
  }
  const byVocabulary: ScalingPoint[] = [];
  for (const divisor of VOCABULARY_DIVISORS) {
    const vocabularySize = shape.vocabularySize / divisor;
    const layers = Math.min(shape.layers, LAYERS_FOR_VOCABULARY);
    byVocabulary.push(await measurePoint(context, backend, { ...shape, vocabularySize, layers }, STANDARD_STEP));
  }
  return { backend, byLength, bySize, byVocabulary };
}

async function measurePoint(
  context: BenchContext,
  backend: MeasuredBackend,
  shape: ModelShape,
  step: StepShape,
): Promise<ScalingPoint> {
  const { args, progress } = context;
  const files = await syntheticFiles(context, shape, step.rank);
  const rounds = Math.min(args.rounds, 3);
  const request = { ...stepTokens(shape, step), alpha: args.alpha };
  progress.begin(`${step.promptTokens + step.responseTokens} tokens, ${label(shape)}`, rounds + 1);
  const point = { shape, parameters: parameterCount(shape), step, flops: stepFlops(shape, step) };
  const steps: StepMeasurement[] = [];
  try {
    await withContestant(ownProgram(backend, args.threads), async (contestant) => {
      await contestant.ask('load', { ...files, checkpointing: true });
      for (let round = -1; round < rounds; round++) {
        const measurement = await contestant.ask('step', request);
        if (round >= 0) steps.push(measurement);
        progress.advance();
      }
    });
    return { ...point, steps, failure: null };
  } catch (error) {
    return { ...point, steps: [], failure: error instanceof Error ? error.message : String(error) };
  } finally {
    progress.end();
  }
}

function label({ name, layers, vocabularySize }: ModelShape): string {
  return `shape ${name} with ${layers} layers and a vocabulary of ${vocabularySize}`;
}
