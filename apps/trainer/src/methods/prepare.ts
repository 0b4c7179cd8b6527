import { prepareRollout, rolloutModel } from '@claas/training';
import type { MethodHandler } from './method-table.js';

/** Text only: it waits for nobody. */
export const prepare: MethodHandler<'prepare'> = async (session, request) => {
  const { promptTokenIds, responseTokenIds } = prepareRollout(
    rolloutModel(session.requireModel(request.baseModel)),
    request,
  );
  return Promise.resolve({ promptTokenIds, responseTokenIds });
};
