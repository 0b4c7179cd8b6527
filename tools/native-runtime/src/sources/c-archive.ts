import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { resumeDownload } from '../archive/resume-download.js';
import { checkFreeSpace } from '../machine/check-free-space.js';
import { findExecutable } from '../process/find-executable.js';
import { runCommand } from '../process/run-command.js';
import type { NativeSettings } from '../settings/native-settings.js';
import { findLibTensorFlow } from './find-libtensorflow.js';
import { SourceUnavailable } from './library-source.js';
import type { LibrarySource, ObtainOptions } from './library-source.js';

/** The newest C library that TensorFlow offers; tensorflow.org/install/lang_c. */
const ARCHIVE_VERSION = '2.18.0';
const HOST = 'https://storage.googleapis.com/tensorflow/versions';
const SPACE = 1.3e9;
const UNPACK_TIMEOUT_MS = 180_000;

/** TensorFlow's archive of its C library: no Python needed. CPU on Linux x64 and macOS arm64, CUDA on Linux x64. */
export function cArchive(settings: NativeSettings): LibrarySource {
  const url = settings.archiveUrl ?? officialUrl(settings.hasNvidiaDriver);
  return {
    title: `TensorFlow's C library (${url ?? 'no archive for this platform'})`,
    ownership: 'ours',
    isPinned: true,
    obtain: async (options) => {
      if (url === null) {
        throw new SourceUnavailable(`TensorFlow has no C library for ${process.platform} ${process.arch}`);
      }
      const tar = findExecutable('tar', settings.searchPath);
      if (tar === null) throw new SourceUnavailable(`no tar to unpack ${url}`);
      await checkFreeSpace(options.workDirectory, SPACE);
      const file = path.join(options.downloadDirectory, path.basename(new URL(url).pathname));
      const isLeftOver = existsSync(file);
      let reason = isLeftOver ? await unpack(tar, file, settings, options) : null;
      if (!isLeftOver || reason !== null) {
        await download(url, file, settings, options);
        reason = await unpack(tar, file, settings, options);
      }
      if (reason !== null) throw new SourceUnavailable(`${url} can't be unpacked: tar ${reason}`);
      const found = findLibTensorFlow(options.workDirectory);
      if (typeof found === 'string') throw new SourceUnavailable(`${url} has another content: ${found}`);
      return found;
    },
  };
}

function officialUrl(cuda: boolean): string | null {
  const { platform, arch } = process;
  if (platform === 'linux' && arch === 'x64') {
    return `${HOST}/${ARCHIVE_VERSION}/libtensorflow-${cuda ? 'gpu' : 'cpu'}-linux-x86_64.tar.gz`;
  }
  if (platform === 'darwin' && arch === 'arm64') {
    return `${HOST}/${ARCHIVE_VERSION}/libtensorflow-cpu-darwin-arm64.tar.gz`;
  }
  return null;
}

async function download(url: string, file: string, settings: NativeSettings, options: ObtainOptions): Promise<void> {
  await mkdir(options.downloadDirectory, { recursive: true });
  options.progress.stage("Downloading TensorFlow's C library (once)");
  try {
    await resumeDownload(url, file, {
      timeoutMs: settings.limits.download,
      stallMs: settings.limits.stall,
      onBytes: (done, total) => {
        options.progress.advance(done, total);
      },
    });
  } catch (error) {
    throw new SourceUnavailable(`${new URL(url).host}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @returns why the archive can't be unpacked (it is removed then), or null */
async function unpack(
  tar: string,
  file: string,
  settings: NativeSettings,
  options: ObtainOptions,
): Promise<string | null> {
  options.progress.stage('Unpacking');
  const result = await runCommand(tar, ['-xzf', file, '-C', options.workDirectory], {
    environment: settings.environment,
    timeoutMs: UNPACK_TIMEOUT_MS,
    onOutput: options.onOutput,
  });
  if (result.ok) return null;
  await rm(file, { force: true });
  return result.reason;
}
