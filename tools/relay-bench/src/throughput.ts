import autocannon from 'autocannon';

/** Answers a second with so many requests at a time, over `seconds`. */
export async function throughput(url: string, body: object, connections: number, seconds: number): Promise<number> {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const failed = result.errors + result.non2xx + result.timeouts;
  if (failed > 0) throw new Error(`${failed} of the requests to ${url} failed.`);
  return result.requests.total / result.duration;
}
