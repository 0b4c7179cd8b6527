import { setTimeout as wait } from 'node:timers/promises';

/** Looks until `find` gives something. @throws Error that names `what` when `seconds` pass */
export async function until<T>(
  what: string,
  seconds: number,
  find: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await find();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${seconds} s in vain for ${what}.`);
    await wait(50);
  }
}
