import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { readNativeRuntime, RUNTIME_RECORD } from '@claas/tensor-backend/native-runtime';
import type {
  NativeRuntime,
  NativeRuntimeReading,
  RuntimeFile,
  RuntimeRecord,
} from '@claas/tensor-backend/native-runtime';
import { crc32OfFile } from './crc32-of-file.js';
import { writeRecord } from './write-record.js';

/**
 * Like readNativeRuntime, and also finds a file that has the right size and another content. Files that were not touched
 * since the runtime was proved cost a look; a touched one is read as a whole, and if it is sound after all (it was moved,
 * linked anew, restored), the record learns so.
 */
export async function verifyRuntime(directory: string): Promise<NativeRuntimeReading> {
  const reading = readNativeRuntime(directory);
  if (reading.state !== 'ready') return reading;
  const touched: RuntimeFile[] = [];
  for (const file of reading.runtime.files) {
    const { ctimeMs } = await stat(path.join(directory, file.path));
    if (ctimeMs === file.changed_ms) continue;
    if ((await crc32OfFile(path.join(directory, file.path))) !== file.crc32) {
      return { state: 'incomplete', reason: `${path.join(directory, file.path)} is damaged (its checksum is wrong)` };
    }
    touched.push({ ...file, changed_ms: ctimeMs });
  }
  if (touched.length > 0) await acknowledge(reading.runtime, touched);
  return reading;
}

async function acknowledge({ directory, files }: NativeRuntime, touched: readonly RuntimeFile[]): Promise<void> {
  const record = JSON.parse(await readFile(path.join(directory, RUNTIME_RECORD), 'utf8')) as RuntimeRecord;
  const current = files.map((file) => touched.find(({ path }) => path === file.path) ?? file);
  try {
    await writeRecord(directory, { ...record, files: current });
  } catch {
    // A read-only cache: the checksums are then computed at every start, which is only slower.
  }
}
