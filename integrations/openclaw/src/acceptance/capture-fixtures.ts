import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RecordedRequest } from '../testing/recording-proxy.js';

const FOLDER = fileURLToPath(new URL('../../src/testing/__fixtures__/', import.meta.url));

/** Keeps the first chat requests as OpenClaw sent them: headers that say who sends, and the body. */
export async function captureFixtures(requests: readonly RecordedRequest[]): Promise<void> {
  const chats = requests
    .filter(({ path: route }) => route === '/v1/chat/completions')
    .slice(0, 2)
    .map(({ body, headers }) => ({ 'user-agent': headers['user-agent'], body }));
  await mkdir(FOLDER, { recursive: true });
  await writeFile(path.join(FOLDER, 'chat-requests.json'), `${JSON.stringify(chats, null, 2)}\n`);
}
