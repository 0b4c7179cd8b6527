import type { ClaasClient } from '../client/claas-client.js';

/** A Tab key may not hang. */
const LIMIT_MS = 1_500;

export type NameKind = 'adapter' | 'model' | 'version';

/** Names that only the service knows; none when it can't be asked in time. */
export async function namesOf(
  client: ClaasClient,
  kind: NameKind,
  known: readonly string[],
): Promise<readonly string[]> {
  const late = new Promise<readonly string[]>((resolve) => setTimeout(resolve, LIMIT_MS, []).unref());
  return Promise.race([ask(client, kind, known).catch(() => []), late]);
}

async function ask(client: ClaasClient, kind: NameKind, [adapter = '']: readonly string[]): Promise<readonly string[]> {
  if (kind === 'version') return (await client.versions(adapter)).versions.map(({ version }) => String(version));
  const { loras, details } = await client.list('');
  const bases = kind === 'model' ? new Set(details.map(({ base_model }) => base_model)) : [];
  return [...loras, ...bases];
}
