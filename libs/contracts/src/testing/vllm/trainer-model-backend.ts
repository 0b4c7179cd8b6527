import { parseAdapterId } from '../../adapter/adapter-id.js';
import type { AdapterSource } from '../../engine/distillation-task.js';
import type { GenerationPrompt } from '../../serving/generation.js';
import type { TrainerChannel } from '../../trainer-protocol/trainer-channel.js';
import type { ModelBackend } from './model-backend.js';

/** A model that a trainer process runs. Texts are remembered, since the trainer's protocol has no tokenizing of its own. */
export async function trainerModelBackend(trainer: TrainerChannel, baseModel: string): Promise<ModelBackend> {
  const { contextLength } = await trainer.call('status', {});
  const remembered = new Map<string, Promise<unknown>>();
  const once = <T>(key: unknown, ask: () => Promise<T>): Promise<T> => {
    const text = JSON.stringify(key);
    const known = remembered.get(text) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const asked = ask();
    asked.catch(() => remembered.delete(text));
    remembered.set(text, asked);
    return asked;
  };
  const adapterAt = (directory: string | null): AdapterSource | null =>
    directory === null ? null : { loraId: parseAdapterId('vllm/double'), version: 0, directory };
  const tokens = (tokenIds: readonly number[]): GenerationPrompt => ({ kind: 'tokens', tokenIds });
  const ONE_TOKEN = { completion: { tokenIds: [1] }, adapter: null };

  return {
    contextLength: contextLength ?? 0,
    encode: async (prompt) => {
      if (prompt.kind === 'tokens') return prompt.tokenIds;
      return (await once(prompt, () => trainer.call('score', { prompt, ...ONE_TOKEN }))).promptTokenIds;
    },
    encodeText: async (text) => {
      const ask = () => trainer.call('score', { prompt: tokens([1]), completion: { text }, adapter: null });
      return (await once(['text', text], ask)).tokenIds;
    },
    decode: async (tokenIds) => {
      if (tokenIds.length === 0) return '';
      const ask = () => trainer.call('score', { prompt: tokens([1]), completion: { tokenIds }, adapter: null });
      return (await once(tokenIds, ask)).tokens.join('');
    },
    inspect: async (directory) => {
      await trainer.call('inspect', { directory, baseModel });
    },
    generate: (adapter, request, { signal, onToken }) =>
      trainer.call('generate', { ...request, adapter: adapterAt(adapter) }, { signal, onProgress: onToken }),
    score: async (adapter, promptTokenIds, responseTokenIds) => {
      const completion = { tokenIds: responseTokenIds };
      const request = { prompt: tokens(promptTokenIds), completion, adapter: adapterAt(adapter) };
      return (await trainer.call('score', request)).logprobs;
    },
  };
}
