import { setTimeout as delay } from 'node:timers/promises';
import type { TinkerClient } from '../client/tinker-client.js';
import { TinkerRefusalError } from '../client/tinker-errors.js';
import { cancelled, jsonOf } from '../client/tinker-http.js';
import { withPatience } from '../client/with-patience.js';
import { checkpointRoute } from './checkpoint-path.js';
import { unpackArchive } from './unpack-archive.js';

const STILL_BUILDING = 503;

/** Fetches a checkpoint's archive and unpacks it into `directory`: weights and config as the service wrote them. */
export async function downloadArchive(
  client: TinkerClient,
  path: string,
  directory: string,
  signal?: AbortSignal,
): Promise<void> {
  await withPatience(
    async () => {
      const url = await archiveUrl(client, path, signal);
      const { body } = await client.http.download('archive', url, signal);
      await unpackArchive(body, directory);
    },
    client.settings.timeouts,
    signal,
  );
}

/** The service first builds the archive, which takes its time. */
async function archiveUrl(client: TinkerClient, path: string, signal: AbortSignal | undefined): Promise<string> {
  const call = {
    name: 'archive',
    method: 'GET',
    path: `${checkpointRoute(path)}/archive`,
    expected: [302],
    signal,
  } as const;
  const { patienceMs, slowPauseMs } = client.settings.timeouts;
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      const reply = await client.http.send(call);
      return reply.location ?? jsonOf<{ url: string }>('archive', reply).url;
    } catch (error) {
      const isBuilding = error instanceof TinkerRefusalError && error.status === STILL_BUILDING;
      if (!isBuilding || Date.now() > deadline) throw error;
      await delay(slowPauseMs, undefined, signal && { signal }).catch((reason: unknown) => {
        throw cancelled(reason);
      });
    }
  }
}
