/** The `data` of each event of a stream; vLLM sends one line each. Bytes are joined before they are decoded, so that no character is cut. */
export async function* serverSentEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString('utf8').replace(/\r$/, '');
      rest = rest.subarray(end + 1);
      if (line.startsWith('data:')) yield line.slice('data:'.length).trimStart();
    }
  }
}
