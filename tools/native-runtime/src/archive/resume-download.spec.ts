import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { resumeDownload } from './resume-download.js';

const CONTENT = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) % 251));
const at = useTemporaryDirectory();
const options = { timeoutMs: 20_000, stallMs: 20_000, onBytes: (): void => undefined };
let server: Server | null = null;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server of one file; `requests` keeps the Range header of each request. */
async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<{ url: string; ranges: (string | undefined)[] }> {
  const ranges: (string | undefined)[] = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response, ranges.length);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/lib.tar.gz`, ranges };
}

/** Sends the content from where the request says, if its version is still `version`. */
function sendRest(request: IncomingMessage, response: ServerResponse, version: string): void {
  const start = request.headers['if-range'] === version ? Number(/\d+/.exec(request.headers.range ?? '0')?.[0]) : 0;
  response.writeHead(start > 0 ? 206 : 200, { ETag: version, 'Content-Length': CONTENT.length - start });
  response.end(CONTENT.subarray(start));
}

/** Sends the first half and breaks the connection. */
function sendHalf(response: ServerResponse, version: string): void {
  response.writeHead(200, { ETag: version, 'Content-Length': CONTENT.length });
  response.write(CONTENT.subarray(0, CONTENT.length / 2), () => setTimeout(() => response.destroy(), 50));
}

it('goes on where a broken download stopped', async () => {
  const { url, ranges } = await serve((request, response, count) => {
    if (count === 1) sendHalf(response, '"1"');
    else sendRest(request, response, '"1"');
  });
  await expect(resumeDownload(url, at('f'), options)).rejects.toThrow();
  const half = statSync(at('f.part')).size;
  expect(half).toBeGreaterThan(0);
  expect(existsSync(at('f'))).toBe(false);
  await resumeDownload(url, at('f'), options);
  expect(ranges).toEqual([undefined, `bytes=${half}-`]);
  expect(readFileSync(at('f')).equals(CONTENT)).toBe(true);
  expect(existsSync(at('f.part'))).toBe(false);
});

it('begins anew when the file on the server is another one by now', async () => {
  const { url } = await serve((request, response, count) => {
    if (count === 1) sendHalf(response, '"1"');
    else sendRest(request, response, '"2"');
  });
  await expect(resumeDownload(url, at('f'), options)).rejects.toThrow();
  await resumeDownload(url, at('f'), options);
  expect(readFileSync(at('f')).equals(CONTENT)).toBe(true);
});

it('does not trust a part of an unknown version', async () => {
  const { url, ranges } = await serve((request, response) => {
    sendRest(request, response, '"1"');
  });
  writeFileSync(at('f.part'), 'something');
  await resumeDownload(url, at('f'), options);
  expect(ranges).toEqual([undefined]);
  expect(readFileSync(at('f')).equals(CONTENT)).toBe(true);
});

it('says what the server answers', async () => {
  const { url } = await serve((_request, response) => response.writeHead(404).end());
  await expect(resumeDownload(url, at('f'), options)).rejects.toThrow('the server answers 404');
});

it('gives up when nothing arrives any more', async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'Content-Length': 10 });
    response.write('x');
  });
  await expect(resumeDownload(url, at('f'), { ...options, stallMs: 300 })).rejects.toThrow(/nothing arrived for/);
});

it('keeps to its time limit although bytes keep coming', async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'Content-Length': 1e9 });
    const timer = setInterval(() => response.write('x'), 50);
    response.on('close', () => {
      clearInterval(timer);
    });
  });
  await expect(resumeDownload(url, at('f'), { ...options, timeoutMs: 500 })).rejects.toThrow(/longer than/);
});

it('says that nothing can be reached', async () => {
  await expect(resumeDownload('http://127.0.0.1:1/x', at('f'), options)).rejects.toThrow(/ECONNREFUSED|bad port/);
});
