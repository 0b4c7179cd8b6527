import type { GenerationSection } from '../sections/measure-generation.js';
import type { ScalingSection } from '../sections/measure-scaling.js';
import type { StepSection } from '../sections/measure-steps.js';
import { generationReport } from './generation-report.js';
import { scalingReport } from './scaling-report.js';
import { stepReport } from './step-report.js';

/** What was measured on one backend; null where a section wasn't asked for. */
export interface BackendResult {
  readonly steps: StepSection | null;
  readonly generation: GenerationSection | null;
  readonly scaling: ScalingSection | null;
}

export function benchReport({ steps, generation, scaling }: BackendResult): string {
  return [steps && stepReport(steps), generation && generationReport(generation), scaling && scalingReport(scaling)]
    .filter((part) => part !== null)
    .join('\n\n\n');
}

/** Was there something that could not be measured because it doesn't work? */
export function hasFailures({ scaling }: BackendResult): boolean {
  if (scaling === null) return false;
  return [...scaling.byLength, ...scaling.bySize, ...scaling.byVocabulary].some(({ failure }) => failure !== null);
}
