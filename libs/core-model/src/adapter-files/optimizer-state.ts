import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { AdapterFilesError, adapterFilesError } from '../errors/adapter-files-error.js';
import { SafetensorsFile } from '../safetensors/safetensors-file.js';
import { writeSafetensors, type TensorToWrite } from '../safetensors/write-safetensors.js';
import { OPTIMIZER_STATE_FILE } from './adapter-file-names.js';
import type { AdapterTensors } from './adapter-tensors.js';

/** AdamW's running moments of every factor of an adapter. */
export interface OptimizerState {
  /** Updates made so far: t of the bias correction. */
  readonly stepCount: number;
  /** By the adapter's PEFT keys; same shapes as the adapter's tensors, row-major. */
  readonly moments: ReadonlyMap<string, OptimizerMoments>;
}

export interface OptimizerMoments {
  /** Running mean of the gradient, `exp_avg`. */
  readonly first: Float32Array;
  /** Running mean of its square, `exp_avg_sq`. */
  readonly second: Float32Array;
}

const FIRST_PREFIX = 'exp_avg.';
const SECOND_PREFIX = 'exp_avg_sq.';
const STEP_COUNT_FIELD = 'step_count';

/** Writes `optimizer.safetensors` for an adapter; on disk when it returns. The file must not exist yet. */
export async function writeOptimizerState(
  directory: string,
  adapter: Pick<AdapterTensors, 'tensors'>,
  state: OptimizerState,
): Promise<void> {
  const tensors = new Map<string, TensorToWrite>();
  for (const [key, { shape }] of adapter.tensors) {
    const moments = state.moments.get(key);
    if (moments === undefined) throw new RangeError(`The optimizer has no moments of ${key}`);
    tensors.set(FIRST_PREFIX + key, { shape, data: moments.first });
    tensors.set(SECOND_PREFIX + key, { shape, data: moments.second });
  }
  const metadata = { format: 'pt', [STEP_COUNT_FIELD]: String(state.stepCount) };
  await writeSafetensors(join(directory, OPTIMIZER_STATE_FILE), tensors, metadata);
}

/**
 * Reads `optimizer.safetensors` and checks it against its adapter; null when there is none, as in an untrained or foreign adapter.
 * @throws AdapterFilesError when it is damaged or belongs to another adapter
 */
export async function readOptimizerState(
  directory: string,
  adapter: Pick<AdapterTensors, 'tensors'>,
): Promise<OptimizerState | null> {
  const path = join(directory, OPTIMIZER_STATE_FILE);
  try {
    await access(path);
  } catch {
    return null;
  }
  const file = await SafetensorsFile.open(path, adapterFilesError);
  try {
    const stepCount = readStepCount(file);
    if (file.header.entries.size !== adapter.tensors.size * 2) {
      const expected = `two moments of each of the adapter's ${adapter.tensors.size} tensors`;
      throw new AdapterFilesError({ file: path, expected, found: `${file.header.entries.size} tensors` });
    }
    const moments = new Map<string, OptimizerMoments>();
    for (const [key, { shape }] of adapter.tensors) {
      const first = await readMoment(file, FIRST_PREFIX + key, shape);
      const second = await readMoment(file, SECOND_PREFIX + key, shape);
      if (second.some((value) => value < 0)) {
        const expected = 'no negative means of squares';
        throw new AdapterFilesError({ file: path, tensor: SECOND_PREFIX + key, expected, found: 'some' });
      }
      moments.set(key, { first, second });
    }
    return { stepCount, moments };
  } finally {
    await file.close();
  }
}

function readStepCount(file: SafetensorsFile): number {
  const text = file.header.metadata[STEP_COUNT_FIELD];
  const stepCount = Number(text);
  if (text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(stepCount)) return stepCount;
  const field = `__metadata__.${STEP_COUNT_FIELD}`;
  throw new AdapterFilesError({ file: file.path, field, expected: 'a number of steps', found: String(text) });
}

async function readMoment(
  file: SafetensorsFile,
  name: string,
  shape: readonly [number, number],
): Promise<Float32Array> {
  const entry = file.entry(name);
  if (entry.shape.length !== 2 || entry.shape[0] !== shape[0] || entry.shape[1] !== shape[1]) {
    const found = `shape [${entry.shape.join(', ')}]`;
    throw new AdapterFilesError({ file: file.path, tensor: name, expected: `shape [${shape.join(', ')}]`, found });
  }
  const data = await file.readFloat32(name);
  if (data.every(Number.isFinite)) return data;
  throw new AdapterFilesError({ file: file.path, tensor: name, expected: 'finite numbers', found: 'others' });
}
