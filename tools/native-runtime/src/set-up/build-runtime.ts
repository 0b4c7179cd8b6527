import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { RUNTIME_FORMAT } from '@claas/tensor-backend/native-runtime';
import type { AddonProof } from '@claas/tensor-backend/native-runtime';
import { compileAddon } from '../addon/compile-addon.js';
import { proveInChild } from '../addon/prove-in-child.js';
import type { Progress } from '../progress/progress.js';
import { assembleLibraries } from '../runtime/assemble-libraries.js';
import { describeFiles } from '../runtime/describe-files.js';
import { flushFiles, placeRuntime } from '../runtime/place-runtime.js';
import { writeRecord } from '../runtime/write-record.js';
import type { NativeSettings } from '../settings/native-settings.js';
import type { LibrarySource } from '../sources/library-source.js';

/** What a build works with. */
export interface BuildContext {
  readonly settings: NativeSettings;
  readonly progress: Progress;
  /** For the log file. */
  readonly onOutput: (text: string) => void;
}

const ADDON = 'tfjs_binding.node';

/**
 * Builds a runtime from one source beside its place, and puts it there when it is proved.
 * @throws SourceUnavailable, SetUpError
 */
export async function buildRuntime(source: LibrarySource, context: BuildContext): Promise<AddonProof> {
  const { settings, progress, onOutput } = context;
  const staging = `${settings.directory}.staging-${process.pid}`;
  const runtime = path.join(staging, 'runtime');
  const workDirectory = path.join(staging, 'work');
  await rm(staging, { recursive: true, force: true });
  await mkdir(runtime, { recursive: true });
  await mkdir(workDirectory);
  try {
    const downloadDirectory = downloadDirectoryOf(settings);
    const library = await source.obtain({ workDirectory, downloadDirectory, progress, onOutput });
    const libraries = await assembleLibraries(library, source.ownership, runtime);
    progress.stage('Compiling the addon');
    const addon = path.join(runtime, ADDON);
    const libraryDirectory = path.join(runtime, 'lib');
    const includeDirectory = path.join(runtime, 'include');
    const timeoutMs = settings.limits.compilation;
    await compileAddon({ output: addon, libraries, libraryDirectory, includeDirectory, timeoutMs }, settings, onOutput);
    progress.stage('Proving it');
    const { environment, limits } = settings;
    const proof = await proveInChild(addon, { environment, timeoutMs: limits.proof, onOutput });
    const files = await describeFiles(runtime);
    if (source.ownership === 'ours') await flushFiles(runtime, files);
    await writeRecord(runtime, {
      format: RUNTIME_FORMAT,
      tensorflow_version: proof.tensorflowVersion,
      source: source.title,
      gpu: proof.gpu,
      addon: ADDON,
      files,
      built_at: new Date().toISOString(),
    });
    await placeRuntime(runtime, settings.directory);
    await rm(downloadDirectory, { recursive: true, force: true });
    return proof;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Downloads outlive an interrupted run. */
export function downloadDirectoryOf(settings: NativeSettings): string {
  return `${settings.directory}.downloads`;
}
