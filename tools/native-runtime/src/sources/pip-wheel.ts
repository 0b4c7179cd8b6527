import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { checkFreeSpace } from '../machine/check-free-space.js';
import type { NativeSettings } from '../settings/native-settings.js';
import { downloadWheels } from '../wheel/download-wheels.js';
import { findPip } from '../wheel/find-pip.js';
import type { Pip } from '../wheel/find-pip.js';
import { unpackWheel } from '../wheel/unpack-wheel.js';
import type { WantedFile } from '../wheel/unpack-wheel.js';
import { isMetadata, isWantedOfNvidia, isWantedOfTensorFlow, requirementsOfExtra } from '../wheel/wheel-contents.js';
import { findLibTensorFlow } from './find-libtensorflow.js';
import { SourceUnavailable } from './library-source.js';
import type { LibrarySource, LibTensorFlow, ObtainOptions } from './library-source.js';

/** The version that our figures are measured with. */
export const TENSORFLOW_VERSION = '2.21.0';

/** Bytes for the wheels and for what is unpacked of them, with some room. */
const SPACE_NEEDED = { cpu: 1.3e9, cuda: 12e9 };

/**
 * TensorFlow's wheel through the machine's own pip: the CPU build, or with an NVIDIA driver the one with CUDA and NVIDIA's
 * libraries (its extra `and-cuda`). A wheel that an interrupted run left is used again.
 */
export function pipWheel(settings: NativeSettings, space = SPACE_NEEDED): LibrarySource {
  const cuda = settings.hasNvidiaDriver && process.platform === 'linux';
  const name = !cuda && process.platform === 'linux' && process.arch === 'x64' ? 'tensorflow-cpu' : 'tensorflow';
  return {
    title: `the ${name}${cuda ? '[and-cuda]' : ''} ${TENSORFLOW_VERSION} wheel (pip)`,
    ownership: 'ours',
    isPinned: true,
    obtain: async (options) => {
      await checkFreeSpace(options.workDirectory, cuda ? space.cuda : space.cpu);
      const wheels = new Wheels(settings, options);
      await wheels.bring(`${name}==${TENSORFLOW_VERSION}`, [`${name}==${TENSORFLOW_VERSION}`], isWantedOfTensorFlow);
      if (cuda) {
        const requirements = requirementsOfExtra(readMetadata(options.workDirectory), 'and-cuda');
        await wheels.bring(`nvidia-libraries-${TENSORFLOW_VERSION}`, requirements, isWantedOfNvidia);
      }
      return libraryIn(options.workDirectory);
    },
  };
}

class Wheels {
  #pip: Pip | null = null;

  constructor(
    private readonly settings: NativeSettings,
    private readonly options: ObtainOptions,
  ) {}

  /** Downloads (unless that was done before) and unpacks; what turns out damaged is downloaded once more. */
  async bring(title: string, requirements: readonly string[], isWanted: WantedFile): Promise<void> {
    const folder = path.join(this.options.downloadDirectory, title.replaceAll('=', '-'));
    if (wheelsIn(folder).length >= requirements.length) {
      try {
        await this.#unpack(folder, isWanted);
        return;
      } catch (error) {
        this.options.onOutput(`${folder}: ${messageOf(error)}; downloading it again.\n`);
        await rm(folder, { recursive: true });
      }
    }
    await this.#download(title, folder, requirements);
    try {
      await this.#unpack(folder, isWanted);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw new SourceUnavailable(`pip's ${title} can't be unpacked: ${messageOf(error)}`);
    }
  }

  async #download(title: string, destination: string, requirements: readonly string[]): Promise<void> {
    const { environment, limits, searchPath } = this.settings;
    this.#pip ??= await findPip(searchPath, environment);
    if (this.#pip === null) throw new SourceUnavailable('no pip (python3 -m pip, pip3 or pip)');
    this.options.progress.stage(`Downloading ${title.replace('==', ' ')} (once)`);
    await downloadWheels(this.#pip, {
      requirements,
      destination,
      environment,
      timeoutMs: limits.download,
      stallMs: limits.stall,
      progress: this.options.progress,
      onOutput: this.options.onOutput,
    });
  }

  async #unpack(folder: string, isWanted: WantedFile): Promise<void> {
    const { progress, workDirectory } = this.options;
    progress.stage('Unpacking');
    for (const wheel of wheelsIn(folder)) {
      await unpackWheel(path.join(folder, wheel), workDirectory, isWanted, (done, total) => {
        progress.advance(done, total);
      });
    }
  }
}

function wheelsIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.whl'));
  } catch {
    return [];
  }
}

function readMetadata(directory: string): string {
  const file = readdirSync(directory)
    .map((name) => `${name}/METADATA`)
    .find(isMetadata);
  if (file === undefined) throw new SourceUnavailable("TensorFlow's wheel has no METADATA that names NVIDIA's wheels");
  return readFileSync(path.join(directory, file), 'utf8');
}

function libraryIn(directory: string): LibTensorFlow {
  const found = findLibTensorFlow(path.join(directory, 'tensorflow'));
  if (typeof found === 'string') throw new SourceUnavailable(`TensorFlow's wheel has another content: ${found}`);
  return found;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
