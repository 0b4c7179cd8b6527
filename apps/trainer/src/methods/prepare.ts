import { prepareRollout, rolloutModel, teacherTask } from '@claas/training';
import type { MethodHandler } from './method-table.js';

/** Text only: it waits for nobody. */
export const prepare: MethodHandler<'prepare'> = async (session, request) => {
  const model = rolloutModel(session.requireModel(request.baseModel));
  const prepared = prepareRollout(model, request);
  const { promptTokenIds, responseTokenIds } = prepared;
  const isRemote = request.settings.teacherMode === 'remote';
  return Promise.resolve({
    promptTokenIds,
    responseTokenIds,
    ...(isRemote && { teacherTask: teacherTask(model, prepared) }),
  });
};
