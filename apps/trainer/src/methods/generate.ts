import { promptTokens } from '../text/prompt-tokens.js';
import type { MethodHandler } from './method-table.js';

/** Answers token by token; other answers that run decode in the same batch, a step that runs is waited for. */
export const generate: MethodHandler<'generate'> = async (session, request, { signal, onProgress }) => {
  const model = session.requireModel();
  const promptTokenIds = promptTokens(model, request.prompt);
  model.model.assertFits(promptTokenIds.length, 1);
  return session.accelerator.run('shared', signal, () =>
    model.withAdapter(request.adapter?.directory ?? null, async (adapter) => {
      const generation = await model.generator.generate(adapter, promptTokenIds, request.sampling, {
        signal,
        onToken: onProgress,
      });
      return { ...generation, version: request.adapter?.version ?? null };
    }),
  );
};
