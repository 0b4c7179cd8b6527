import { AlreadyExistsError, NotFoundError } from 'modal';
import type { ModalClient, Sandbox } from 'modal';
import { setTimeout as pause } from 'node:timers/promises';
import type { Options } from '../command-line.js';
import type { Steps } from '../progress/steps.js';

export const SERVICE_NAME = 'claas-service';
const API_PROGRAM = '/opt/claas/apps/api/dist/main.js';
const LIFETIME_MS = 24 * 3600 * 1000;
const START_LIMIT_MS = 300_000;
const POLL_MS = 500;
const NAME_TRIES = 60;

export interface ReachableService {
  readonly url: string;
  readonly token: string;
  readonly sandboxId: string;
}

/** The API in a Sandbox without a GPU, reached through Modal with a token of its own. Replaces the one that runs. */
export async function runService(
  client: ModalClient,
  { app: appName, image: imageName, port }: Options,
  settings: Readonly<Record<string, string>>,
  steps: Steps,
): Promise<ReachableService> {
  const app = await steps.run(`App ${appName}`, () => client.apps.fromName(appName, { createIfMissing: true }));
  const image = await steps.run(`Image ${imageName}`, () => client.images.fromName(imageName));
  await steps.run('Ending the service that runs', () => stopService(client, appName));
  const secret = await client.secrets.fromObject({ ...settings });
  const sandbox = await steps.run('Starting the service', async () => {
    const parameters = {
      name: SERVICE_NAME,
      tags: { claas: 'service' },
      command: ['node', API_PROGRAM],
      workdir: '/tmp',
      secrets: [secret],
      timeoutMs: LIFETIME_MS,
      encryptedPorts: [port],
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await client.sandboxes.create(app, image, parameters);
      } catch (error) {
        // The name is free again only once the service before has ended.
        if (!(error instanceof AlreadyExistsError) || attempt === NAME_TRIES) throw error;
        await pause(POLL_MS);
      }
    }
  });
  try {
    const { url, token } = await sandbox.createConnectToken({ port });
    await steps.run('Waiting until it answers', () => untilAlive(sandbox, url, token));
    return { url, token, sandboxId: sandbox.sandboxId };
  } catch (error) {
    await sandbox.terminate();
    throw error;
  } finally {
    sandbox.detach();
  }
}

/** False when none ran. */
export async function stopService(client: ModalClient, appName: string): Promise<boolean> {
  const sandbox = await findService(client, appName);
  if (sandbox === null) return false;
  await sandbox.terminate();
  sandbox.detach();
  return true;
}

export async function findService(client: ModalClient, appName: string): Promise<Sandbox | null> {
  try {
    return await client.sandboxes.fromName(appName, SERVICE_NAME);
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    throw error;
  }
}

async function untilAlive(sandbox: Sandbox, url: string, token: string): Promise<void> {
  for (let waited = 0; waited < START_LIMIT_MS; waited += POLL_MS) {
    const code = await sandbox.poll();
    if (code !== null) {
      throw new Error(
        `The service ended with code ${code}. Its words are in Modal's log of the Sandbox ${sandbox.sandboxId}.`,
      );
    }
    const headers = { authorization: `Bearer ${token}` };
    const isAlive = await fetch(`${url}/livez`, { headers }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isAlive) return;
    await pause(POLL_MS);
  }
  throw new Error(`The service did not answer at ${url} within ${START_LIMIT_MS / 1000} s, and was ended.`);
}
