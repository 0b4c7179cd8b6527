import { AdapterIdConflictError, type AdapterId } from '@claas/contracts';

/** @throws AdapterIdConflictError when one of `taken` would lie inside `id`, or `id` inside it */
export function refuseNesting(id: AdapterId, taken: Iterable<AdapterId>): void {
  for (const other of taken) {
    if (other.startsWith(`${id}/`) || id.startsWith(`${other}/`)) throw new AdapterIdConflictError(id, other);
  }
}

/** @throws AdapterIdConflictError for the id of an adapter: an alias never hides one */
export function refuseShadowing(alias: AdapterId, adapters: Iterable<AdapterId>): void {
  for (const other of adapters) if (other === alias) throw new AdapterIdConflictError(alias, other);
}
