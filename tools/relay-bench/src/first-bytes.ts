import { once } from 'node:events';
import { Agent, request } from 'undici';

export interface Times {
  readonly first: readonly number[];
  readonly whole: readonly number[];
}

/** Milliseconds from a request to the first byte of its answer and to its end, for requests one after the other. */
export async function timeAnswers(url: string, body: object, count: number): Promise<Times> {
  const dispatcher = new Agent({ connections: 1 });
  const [first, whole]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i += 1) {
    const begin = performance.now();
    const headers = { 'content-type': 'application/json' };
    const response = await request(url, { method: 'POST', headers, body: JSON.stringify(body), dispatcher });
    if (response.statusCode !== 200)
      throw new Error(`${url} answered ${response.statusCode}: ${await response.body.text()}`);
    response.body.once('data', () => first.push(performance.now() - begin));
    await once(response.body, 'end');
    whole.push(performance.now() - begin);
  }
  await dispatcher.close();
  return { first, whole };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
