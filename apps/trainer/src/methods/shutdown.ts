import type { MethodHandler } from './method-table.js';

/** The request loop ends the process once this has been answered. */
export const shutdown: MethodHandler<'shutdown'> = (_session, _params, context) => {
  context.cancelAllOthers();
  return Promise.resolve(null);
};
