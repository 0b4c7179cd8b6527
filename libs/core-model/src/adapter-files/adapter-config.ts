import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { JsonFields } from '../config/json-fields.js';
import { adapterFilesError } from '../errors/adapter-files-error.js';
import { ADAPTER_CONFIG_FILE } from './adapter-file-names.js';
import { LORA_MODULE_NAMES, type LoraModuleName } from './lora-module.js';

/** What `adapter_config.json` says that matters here. */
export interface AdapterConfig {
  /** R */
  readonly rank: number;
  readonly loraAlpha: number;
  /** In the order of a decoder layer. */
  readonly targetModules: readonly LoraModuleName[];
  /** `base_model_name_or_path`; null when the file doesn't say. */
  readonly baseModel: string | null;
}

/** The largest rank that vLLM serves. */
const MAX_RANK = 512;

/** Fields that change what is computed, and the values under which they don't. */
const NEUTRAL_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  bias: ['none'],
  fan_in_fan_out: [false],
  lora_bias: [false],
  use_dora: [false],
  use_rslora: [false],
  use_qalora: [false],
};

/** Fields that change what is computed unless they are empty. */
const EMPTY_FIELDS = [
  'modules_to_save',
  'rank_pattern',
  'alpha_pattern',
  'layers_to_transform',
  'layer_replication',
  'exclude_modules',
  'target_parameters',
  'trainable_token_indices',
  'alora_invocation_tokens',
  'arrow_config',
  'kasa_config',
  'monteclora_config',
  'use_bdlora',
] as const;

/**
 * Reads `adapter_config.json`; refuses every variant of LoRA whose result differs from W·x + (alpha / r)·B·A·x on the seven modules.
 * @throws AdapterFilesError naming the field
 */
export async function readAdapterConfig(directory: string): Promise<AdapterConfig> {
  const fields = await JsonFields.read(join(directory, ADAPTER_CONFIG_FILE), adapterFilesError);
  if (fields.raw('peft_type') !== 'LORA') throw fields.problem('peft_type', "'LORA'", fields.raw('peft_type'));
  const task = fields.optionalString('task_type') ?? 'CAUSAL_LM';
  if (task !== 'CAUSAL_LM') throw fields.problem('task_type', "'CAUSAL_LM'", task);

  for (const [field, neutral] of Object.entries(NEUTRAL_VALUES)) {
    if (fields.has(field) && !neutral.includes(fields.raw(field))) {
      throw fields.problem(field, JSON.stringify(neutral[0]), fields.raw(field));
    }
  }
  for (const field of EMPTY_FIELDS) {
    if (fields.has(field) && !isEmpty(fields.raw(field))) {
      throw fields.problem(field, 'null or empty', fields.raw(field));
    }
  }

  const rank = fields.positiveInteger('r');
  if (rank > MAX_RANK) throw fields.problem('r', `a rank of at most ${MAX_RANK}`, rank);
  return {
    rank,
    loraAlpha: fields.positiveNumber('lora_alpha'),
    targetModules: readTargetModules(fields),
    baseModel: fields.optionalString('base_model_name_or_path'),
  };
}

/** Writes `adapter_config.json` as PEFT and vLLM read it; on disk when it returns. The file must not exist yet. */
export async function writeAdapterConfig(directory: string, config: AdapterConfig): Promise<void> {
  const fields = {
    base_model_name_or_path: config.baseModel,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: config.loraAlpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: config.rank,
    rank_pattern: {},
    alpha_pattern: {},
    revision: null,
    target_modules: config.targetModules,
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  };
  const handle = await open(join(directory, ADAPTER_CONFIG_FILE), 'wx');
  try {
    await handle.writeFile(`${JSON.stringify(fields, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function readTargetModules(fields: JsonFields): LoraModuleName[] {
  const field = 'target_modules';
  const raw = fields.raw(field);
  // PEFT's shorthand: every linear module except the output matrix.
  if (raw === 'all-linear') return [...LORA_MODULE_NAMES];
  const supported = `some of ${LORA_MODULE_NAMES.join(', ')}`;
  if (!Array.isArray(raw) || raw.length === 0) throw fields.problem(field, supported, raw);
  const unknown = raw.find((name) => !LORA_MODULE_NAMES.includes(name as LoraModuleName)) as unknown;
  if (unknown !== undefined) throw fields.problem(field, supported, unknown);
  return LORA_MODULE_NAMES.filter((name) => raw.includes(name));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length === 0 : value === false;
}
