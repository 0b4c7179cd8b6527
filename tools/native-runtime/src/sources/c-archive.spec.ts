import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ARCHIVE_FILES } from '../testing/library-files.js';
import { makeSettings } from '../testing/make-settings.js';
import { RecordedProgress } from '../testing/recorded-progress.js';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { writeFiles } from '../testing/write-files.js';
import { cArchive } from './c-archive.js';
import type { LibTensorFlow } from './library-source.js';

const at = useTemporaryDirectory();
let server: Server;
let url = '';
let requests = 0;

beforeEach(async () => {
  writeFiles(at('c'), ARCHIVE_FILES);
  expect(spawnSync('tar', ['-czf', at('lib.tar.gz'), '-C', at('c'), 'lib', 'include']).status).toBe(0);
  requests = 0;
  server = createServer((_request, response) => {
    requests += 1;
    response.end(readFileSync(at('lib.tar.gz')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lib.tar.gz`;
  mkdirSync(at('work'));
});
afterEach(() => {
  server.close();
});

function obtain(archiveUrl: string, searchPath = process.env['PATH'] ?? ''): Promise<LibTensorFlow> {
  const settings = makeSettings({ directory: at('runtime'), archiveUrl, searchPath });
  return cArchive(settings).obtain({
    workDirectory: at('work'),
    downloadDirectory: at('downloads'),
    progress: new RecordedProgress(),
    onOutput: () => undefined,
  });
}

it('downloads and unpacks the archive', async () => {
  const found = await obtain(url);
  expect(found.includeDirectory).toBe(at('work/include'));
  expect(readFileSync(found.libraries[0]!, 'utf8')).toBe('not a library');
});

it('uses an archive that an interrupted run left, and fetches it again when it is cut', async () => {
  await obtain(url);
  await obtain(url);
  expect(requests).toBe(1);
  writeFileSync(at('downloads/lib.tar.gz'), readFileSync(at('lib.tar.gz')).subarray(0, 50));
  await obtain(url);
  expect(requests).toBe(2);
});

it('keeps no archive that can’t be unpacked', async () => {
  writeFileSync(at('lib.tar.gz'), 'no archive');
  await expect(obtain(url)).rejects.toThrow(/can't be unpacked: tar ended with exit code/);
  expect(existsSync(at('downloads/lib.tar.gz'))).toBe(false);
});

it('names the host that can’t be reached, and a missing tar', async () => {
  server.close();
  await expect(obtain(url)).rejects.toThrow(/^127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  await expect(obtain(url, '')).rejects.toThrow(/^no tar/);
});
