import { appendFileSync, writeFileSync } from 'node:fs';
import { access, constants, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { RUNTIME_RECORD } from '@claas/tensor-backend/native-runtime';
import { checkCompilation } from '../addon/compile-addon.js';
import { FailureMemory } from '../failure/failure-memory.js';
import type { RememberedFailure } from '../failure/failure-memory.js';
import { withLock } from '../lock/with-lock.js';
import type { Progress } from '../progress/progress.js';
import { verifyRuntime } from '../runtime/verify-runtime.js';
import { logOf } from '../settings/native-settings.js';
import type { NativeSettings } from '../settings/native-settings.js';
import { givenDirectory } from '../sources/given-directory.js';
import { removeLeftOvers } from './remove-left-overs.js';
import { SetUpError } from './set-up-error.js';
import { trySources } from './try-sources.js';

export interface SetUpOptions {
  /** Build anew although a sound runtime is there. */
  readonly force: boolean;
  /** Does a failure of the last day hold (as at each `npm start`), or is it tried again? */
  readonly heedsFailures: boolean;
  readonly progress: Progress;
  /** A line for people about something out of the ordinary. */
  readonly say: (line: string) => void;
}

export type SetUpResult =
  | { readonly state: 'skipped' }
  | {
      readonly state: 'present' | 'built';
      readonly tensorflowVersion: string;
      readonly source: string;
      readonly gpu: boolean;
    }
  | { readonly state: 'remembered'; readonly failure: RememberedFailure };

/**
 * Brings the native runtime to `settings.directory` unless it is there.
 * @throws SetUpError for every foreseeable failure
 */
export async function setUpNativeRuntime(settings: NativeSettings, options: SetUpOptions): Promise<SetUpResult> {
  if (settings.skip) return { state: 'skipped' };
  const settled = await settledWithoutWork(settings, options, null);
  if (settled !== null) return settled;
  if (process.platform === 'win32') {
    throw new SetUpError('unsupported_platform', 'the native library is built on Linux and macOS only', 'use WSL');
  }
  await makeWritable(path.dirname(settings.directory));
  const lock = {
    timeoutMs: settings.limits.lock,
    onWait: (processId: string) => {
      options.say(`waiting for process ${processId}, which is setting up the native runtime`);
    },
  };
  const begun = Date.now();
  return withLock(`${settings.directory}.lock`, lock, async () => {
    return (await settledWithoutWork(settings, options, begun)) ?? (await build(settings, options));
  });
}

/**
 * @param since when this run began to wait for the lock: what another process did meanwhile is an answer, even to `force`
 */
async function settledWithoutWork(
  settings: NativeSettings,
  options: SetUpOptions,
  since: number | null,
): Promise<SetUpResult | null> {
  const reading = await verifyRuntime(settings.directory);
  if (reading.state === 'ready' && !options.force && isOfSource(reading.runtime.source, settings)) {
    const { tensorflowVersion, source, gpu } = reading.runtime;
    return { state: 'present', tensorflowVersion, source, gpu };
  }
  if (reading.state === 'incomplete' && since !== null) {
    options.say(`the native runtime can't be used: ${reading.reason}`);
    // A file of the right size with a wrong content would pass for sound with the trainer, should nothing replace it.
    await rm(path.join(settings.directory, RUNTIME_RECORD), { force: true });
  }
  const failure = new FailureMemory(settings).recall();
  const holds =
    failure !== null && !options.force && (options.heedsFailures || (since !== null && failure.at >= since));
  return holds ? { state: 'remembered', failure } : null;
}

/** A library that was named by hand replaces another one; without one, whatever is there will do. */
function isOfSource(source: string, { libtensorflow, directory }: NativeSettings): boolean {
  return libtensorflow === null || source === givenDirectory(libtensorflow, directory).title;
}

async function build(settings: NativeSettings, options: SetUpOptions): Promise<SetUpResult> {
  checkCompilation(settings);
  const memory = new FailureMemory(settings);
  const log = logOf(settings);
  await removeLeftOvers(settings.directory);
  writeFileSync(log, `${new Date().toISOString()} ${settings.directory}\n`);
  const onOutput = (text: string): void => {
    appendFileSync(log, text);
  };
  try {
    const { source, proof } = await trySources({ settings, progress: options.progress, onOutput });
    await memory.forget();
    return { state: 'built', ...proof, source: source.title };
  } catch (error) {
    onOutput(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    if (error instanceof SetUpError && error.isCostly) await memory.remember(error.message, error.remedy);
    throw error;
  } finally {
    options.progress.end();
  }
}

async function makeWritable(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetUpError('cache_not_writable', `the cache can't be written (${reason})`, 'set CLAAS_CACHE_DIR');
  }
}
