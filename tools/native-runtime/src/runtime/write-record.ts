import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { RUNTIME_RECORD } from '@claas/tensor-backend/native-runtime';
import type { RuntimeRecord } from '@claas/tensor-backend/native-runtime';

/** Writes `runtime.json` so that it is there as a whole or not at all, also after a power failure. */
export async function writeRecord(directory: string, record: RuntimeRecord): Promise<void> {
  const temporary = path.join(directory, `.${RUNTIME_RECORD}-${process.pid}`);
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(`${JSON.stringify(record, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path.join(directory, RUNTIME_RECORD));
}
