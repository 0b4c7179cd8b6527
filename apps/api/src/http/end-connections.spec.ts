import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startService, type RunningService } from '../testing/start-service.js';

/** A connection that the service has taken. */
async function open({ app, url }: RunningService): Promise<Socket> {
  const taken = once(app.getHttpServer(), 'connection');
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await Promise.all([taken, once(socket, 'connect')]);
  return socket;
}

describe('a service that ends', () => {
  // Without what is tested, each takes Node's time-outs, more than a minute.
  it('doesn’t wait for a connection on which nothing was ever asked', { timeout: 30_000 }, async () => {
    const service = await startService();
    const socket = await open(service);
    const closed = once(socket.resume(), 'close');
    await service.stop();
    await closed;
    expect(socket.bytesRead).toBe(0);
  });

  it('answers a request that runs, whole, and ends its connection', { timeout: 30_000 }, async () => {
    const service = await startService();
    let answer: () => void = () => undefined;
    service.serving.gate = new Promise((resolve) => (answer = resolve));
    const socket = await open(service);
    const body = JSON.stringify({ model: 'clay-tiny', prompt: 'Once' });
    socket.write(
      `POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    const closed = once(socket, 'close');
    await expect.poll(() => service.serving.asked.length).toBe(1);
    const stopped = service.stop();
    answer();
    await Promise.all([stopped, closed]);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 200 OK[^]*My name is Clay\./);
  });
});
