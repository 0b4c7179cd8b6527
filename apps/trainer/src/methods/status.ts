import type { MethodHandler } from './method-table.js';

/** Answers also while others wait or compute, as soon as those let the event loop run. */
export const status: MethodHandler<'status'> = (session) => Promise.resolve(session.status());
