import type { TensorBackend } from '@claas/tensor-backend';
import type { GoldenDirectory } from '../directory/golden-directory.js';
import { GoldenModels } from '../models/golden-models.js';
import { chatCases } from './chat/chat-cases.js';
import { Qwen3Text } from './chat/qwen3-text.js';
import type { GoldenCase } from './golden-case.js';
import { edgeCase } from './loss/edge-case.js';
import { lossCase } from './loss/loss-case.js';
import { forwardCase } from './model/forward-case.js';
import { generationCase } from './model/generation-case.js';
import { optimCase } from './optim/optim-case.js';
import { stepCase } from './step/step-case.js';

type MakeCases = (path: string) => GoldenCase[];

/** What a directory asks to be checked, by where its files lie. Files that belong to no case stay unclaimed. */
export function discoverCases(
  directory: GoldenDirectory,
  backend: TensorBackend,
): { readonly cases: readonly GoldenCase[]; dispose(): void } {
  const models = new GoldenModels(directory, backend);
  const qwen3 = new Qwen3Text();
  const kinds: readonly (readonly [pattern: RegExp, make: MakeCases])[] = [
    [/^loss\/[^/]+\.json$/, (path) => [lossCase(directory, path)]],
    [/^edge\/[^/]+\.json$/, (path) => [edgeCase(directory, path)]],
    [/^optim\/[^/]+\.json$/, (path) => [optimCase(directory, path)]],
    [/^models\/.+\/forward\.json$/, (path) => [forwardCase(directory, models, path)]],
    [/^models\/.+\/generation\.json$/, (path) => [generationCase(directory, models, path)]],
    [/^models\/.+\/step[^/]*\/step\.json$/, (path) => [stepCase(directory, models, path)]],
    [/^chat\/[^/]+\.json$/, (path) => chatCases(directory, path, qwen3)],
  ];
  const cases = kinds.flatMap(([pattern, make]) =>
    directory.files.filter((path) => pattern.test(path)).flatMap((path) => casesOf(directory, path, make)),
  );
  return {
    cases: inOrderOfModels(cases),
    dispose: () => {
      models.dispose();
    },
  };
}

/** A file that can't even be read as a case is a case that fails. */
function casesOf(directory: GoldenDirectory, path: string, make: MakeCases): GoldenCase[] {
  try {
    return make(path);
  } catch (error) {
    directory.claim(path);
    const fail = (): never => {
      throw error;
    };
    return [{ name: path, run: fail }];
  }
}

/** Cases of one model follow one another, so that each is loaded once; all others stay in front, as they were found. */
function inOrderOfModels(cases: readonly GoldenCase[]): GoldenCase[] {
  const ofModels = cases.filter(({ name }) => name.startsWith('models/'));
  const others = cases.filter(({ name }) => !name.startsWith('models/'));
  return [...others, ...ofModels.sort((a, b) => (a.name < b.name ? -1 : 1))];
}
