import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** One message a line; a \ at the end of a line continues on the next one. */
export async function* pipedMessages(stdin: Readable): AsyncGenerator<string> {
  let message: string[] = [];
  for await (const line of createInterface({ input: stdin, crlfDelay: Infinity })) {
    const continues = line.endsWith('\\');
    message.push(continues ? line.slice(0, -1) : line);
    if (continues) continue;
    yield message.join('\n');
    message = [];
  }
  if (message.length > 0) yield message.join('\n');
}
