import { setTimeout as delay } from 'node:timers/promises';
import { ClaasError } from '@claas/contracts';
import type { TinkerClient } from '../client/tinker-client.js';
import { TinkerRefusalError } from '../client/tinker-errors.js';
import { cancelled, textOf } from '../client/tinker-http.js';
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
      await unpackArchive(client.http.download('archive', url, signal), directory);
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
      return absolute(reply.location ?? textOf('archive', reply, 'url'), client.settings.baseUrl);
    } catch (error) {
      const isBuilding = error instanceof TinkerRefusalError && error.status === STILL_BUILDING;
      if (!isBuilding || Date.now() > deadline) throw error;
      await delay(slowPauseMs, undefined, signal && { signal }).catch((reason: unknown) => {
        throw cancelled(reason);
      });
    }
  }
}

function absolute(url: string, baseUrl: string): string {
  if (URL.canParse(url, baseUrl)) return new URL(url, baseUrl).href;
  throw new ClaasError('trainer_protocol', 'The Tinker service gave no address of the archive. Nothing was saved.');
}
