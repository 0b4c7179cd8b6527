import type { JsonFields } from './json-fields.js';

/** Frequency scaling of Llama 3.1 and later: low frequencies are divided by `factor`, high ones kept, those between blended. */
export interface Llama3RopeScaling {
  readonly type: 'llama3';
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalMaxPositions: number;
}

/** Rotary position embedding. */
export interface RopeSettings {
  /** Base of the frequencies. */
  readonly theta: number;
  /** Null: frequencies as they are. */
  readonly scaling: Llama3RopeScaling | null;
}

/** What transformers takes when a config says nothing of it, for all three architectures. */
const DEFAULT_THETA = 10_000;

/**
 * Reads either style: `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling` (before).
 * @throws the fields' error for a rope type other than `default` and `llama3`
 */
export function readRopeSettings(config: JsonFields): RopeSettings {
  const parameters = config.nested('rope_parameters') ?? config.nested('rope_scaling');
  const outerTheta = config.positiveNumber('rope_theta', DEFAULT_THETA);
  if (parameters === null) return { theta: outerTheta, scaling: null };

  const theta = parameters.positiveNumber('rope_theta', outerTheta);
  const partial = parameters.positiveNumber('partial_rotary_factor', 1);
  if (partial !== 1) throw parameters.problem('partial_rotary_factor', '1 (all channels are rotated)', partial);

  const field = parameters.has('rope_type') ? 'rope_type' : 'type';
  const type = parameters.optionalString(field) ?? 'default';
  if (type === 'default') return { theta, scaling: null };
  if (type !== 'llama3') throw parameters.problem(field, "'default' or 'llama3'", type);

  const scaling: Llama3RopeScaling = {
    type,
    factor: parameters.positiveNumber('factor'),
    lowFrequencyFactor: parameters.positiveNumber('low_freq_factor'),
    highFrequencyFactor: parameters.positiveNumber('high_freq_factor'),
    originalMaxPositions: parameters.positiveInteger('original_max_position_embeddings'),
  };
  if (scaling.highFrequencyFactor <= scaling.lowFrequencyFactor) {
    throw parameters.problem(
      'high_freq_factor',
      `more than low_freq_factor (${scaling.lowFrequencyFactor})`,
      scaling.highFrequencyFactor,
    );
  }
  return { theta, scaling };
}
