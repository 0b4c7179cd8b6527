import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { SHIPPED_MODEL, SHIPPED_MODEL_DIRECTORY } from '../../plan/workspace-root.js';
import { baseModel } from '../../plan/base-model.js';
import type { Variables } from '../../settings/read-settings.js';
import { ok, problem, warning, type Finding } from '../finding.js';
import { gigabytes } from '../gigabytes.js';
import type { Check } from '../patient.js';

export const checkModel: Check = ({ settings }) => {
  const model = baseModel(settings);
  const directory = directoryOf(model, settings.workingDirectory);
  if (directory !== null) return Promise.resolve([checkDirectory(model, directory)]);
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(model) || /^[.~/]/.test(model)) {
    return Promise.resolve([
      problem(
        'model',
        `There is no directory ${model}.`,
        'Correct CLAAS_BASE_MODEL_ID: a directory, or an id such as Qwen/Qwen3-0.6B.',
      ),
    ]);
  }
  const cached = snapshotOf(model, settings.env);
  if (cached !== null) return Promise.resolve([checkDirectory(model, cached)]);
  const host = settings.env['HF_ENDPOINT'] ?? 'https://huggingface.co';
  return Promise.resolve([
    warning(
      'model',
      `${model} is not on this machine: the first start downloads it from ${host}.`,
      `Nothing has to be done where ${host} can be reached; otherwise copy it here and set CLAAS_BASE_MODEL_ID to its directory.`,
    ),
  ]);
};

function directoryOf(model: string, workingDirectory: string): string | null {
  if (model === SHIPPED_MODEL) return SHIPPED_MODEL_DIRECTORY;
  const expanded = model.startsWith('~/') ? path.join(homedir(), model.slice(2)) : model;
  const directory = path.resolve(workingDirectory, expanded);
  return existsSync(directory) && statSync(directory).isDirectory() ? directory : null;
}

function checkDirectory(model: string, directory: string): Finding {
  const files = readdirSync(directory);
  const weights = weightFiles(directory, files);
  const missing = ['config.json', 'tokenizer.json', ...weights].filter(
    (name) => !existsSync(path.join(directory, name)),
  );
  if (weights.length === 0) missing.push('*.safetensors');
  if (missing.length > 0) {
    return problem(
      'model',
      `${model === directory ? '' : `${model} in `}${directory} lacks ${missing.join(', ')}.`,
      'Copy or download the model again, with all of its files.',
    );
  }
  const size = weights.reduce((sum, name) => sum + statSync(path.join(directory, name)).size, 0);
  return ok('model', `${model}, ${gigabytes(size)} of weights in ${directory}`);
}

/** All shards that the index names, or what there is. */
function weightFiles(directory: string, files: readonly string[]): string[] {
  const index = path.join(directory, 'model.safetensors.index.json');
  if (!existsSync(index)) return files.filter((name) => name.endsWith('.safetensors'));
  try {
    const { weight_map } = JSON.parse(readFileSync(index, 'utf8')) as { weight_map: Record<string, string> };
    return [...new Set(Object.values(weight_map))];
  } catch {
    return [];
  }
}

/** Where the Hugging Face cache has it; null when it hasn't. */
function snapshotOf(model: string, env: Variables): string | null {
  const home = env['HF_HOME'] ?? path.join(homedir(), '.cache', 'huggingface');
  const folder = path.join(env['HF_HUB_CACHE'] ?? path.join(home, 'hub'), `models--${model.replace('/', '--')}`);
  try {
    const revision = readFileSync(path.join(folder, 'refs', 'main'), 'utf8').trim();
    const snapshot = path.join(folder, 'snapshots', revision);
    return existsSync(snapshot) ? snapshot : null;
  } catch {
    return null;
  }
}
