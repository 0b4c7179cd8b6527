const groups = new Set<number>();

/** Remembers a process group that must not outlive this process. @returns forgets it again */
export function trackGroup(leader: number | undefined): () => void {
  if (leader === undefined) return () => undefined;
  groups.add(leader);
  return () => {
    groups.delete(leader);
  };
}

/** Kills a process group; one that is gone already is fine. */
export function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** Kills all remembered groups; for the end of this process. */
export function endAllGroups(): void {
  for (const leader of groups) endGroup(leader);
}
