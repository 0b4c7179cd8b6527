import { join } from 'node:path';
import { writeSafetensors } from '../safetensors/write-safetensors.js';
import { writeAdapterConfig } from './adapter-config.js';
import { ADAPTER_TENSORS_FILE } from './adapter-file-names.js';
import type { AdapterTensors } from './adapter-tensors.js';

/**
 * Writes an adapter as PEFT and vLLM read it: F32, B unscaled. The directory exists and has neither file yet; both are on disk on return.
 * The same adapter always gives the same bytes.
 */
export async function writeAdapterFiles(directory: string, adapter: AdapterTensors): Promise<void> {
  await writeSafetensors(join(directory, ADAPTER_TENSORS_FILE), adapter.tensors);
  await writeAdapterConfig(directory, adapter);
}
