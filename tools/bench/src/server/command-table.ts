import type { TensorBackend } from '@claas/tensor-backend';
import type { ContestantCommand, ContestantCommands } from '../contestant/messages.js';
import { LoadedContestant } from './loaded-contestant.js';
import { measureLimit } from './measure-limit.js';

type CommandTable = {
  readonly [C in ContestantCommand]: (
    params: ContestantCommands[C]['params'],
  ) => Promise<ContestantCommands[C]['result']>;
};

/** What this project does when it is measured. Nothing but `limit` works before `load`. */
export function commandTable(backend: Promise<TensorBackend>): CommandTable {
  let loaded: LoadedContestant | null = null;
  const required = (): LoadedContestant => {
    if (loaded === null) throw new Error('no model was loaded');
    return loaded;
  };
  return {
    load: async ({ model, adapter }) => {
      const { contestant, measurement } = await LoadedContestant.load(await backend, model, adapter);
      loaded = contestant;
      return measurement;
    },
    step: (params) => required().step(params),
    generate: ({ prompts, new_tokens }) => required().generate(prompts, new_tokens),
    limit: async ({ repetitions }) => measureLimit(await backend, repetitions),
  };
}
