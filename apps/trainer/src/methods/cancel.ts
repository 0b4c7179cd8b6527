import type { MethodHandler } from './method-table.js';

export const cancel: MethodHandler<'cancel'> = (_session, { id }, context) => {
  context.cancel(id);
  return Promise.resolve(null);
};
