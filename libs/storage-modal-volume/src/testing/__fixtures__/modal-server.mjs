// The double of Modal in a process of its own, and beside it a plain server that keeps what is PUT and gives it back.
// Says {environment, plainUrl} as one line of JSON, and ends with its parent's stdin.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ModalDouble } from '@claas/contracts/testing/modal';

const double = await ModalDouble.start();
const folder = await mkdtemp(join(tmpdir(), 'plain-server-'));
const file = join(folder, 'file');

const plain = createServer((request, response) => {
  void (async () => {
    if (request.method === 'PUT') {
      await pipeline(request, createWriteStream(file));
      response.end();
    } else {
      response.writeHead(200, { 'content-length': (await stat(file)).size });
      await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), response);
    }
  })();
});
plain.listen(0, '127.0.0.1', () => {
  const plainUrl = `http://127.0.0.1:${plain.address().port}`;
  process.stdout.write(`${JSON.stringify({ environment: double.environment, plainUrl })}\n`);
});

process.stdin.resume().on('end', async () => {
  plain.close();
  await double.close();
  await rm(folder, { recursive: true });
});
