import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BASE_MODEL } from '../testing/train-version.js';
import { VllmWorld } from '../testing/vllm-world.js';
import { RemoteTeacher } from './remote-teacher.js';

const VOCABULARY = 4096;
const TEXT = 'It’s Paris 😀, 12 345!';

let world: VllmWorld;
let teacher: RemoteTeacher;

const connect = (url: string, model = BASE_MODEL, timeoutMs = 20_000): RemoteTeacher => {
  teacher = new RemoteTeacher({ baseUrl: `${url}/v1`, model, apiKey: 'secret', timeoutMs });
  return teacher;
};

beforeAll(async () => {
  world = await VllmWorld.create();
});
afterEach(async () => {
  await teacher.close();
  await world.closeServers();
});
afterAll(() => world.close());

describe('RemoteTeacher', () => {
  const prompt = { kind: 'text' as const, text: 'The capital of France is' };

  it('gives the response’s own log-probs and the most likely tokens of each position', async () => {
    const double = await world.double({ apiKey: 'secret' });
    const promptTokenIds = await world.backend.encode(prompt);
    const responseTokenIds = await world.backend.encodeText(' Paris.');
    const task = { promptTokenIds, responseTokenIds, vocabularySize: VOCABULARY, probes: [] };
    const positions = await connect(double.url).score(task, 5);
    const expected = await world.backend.score(null, promptTokenIds, responseTokenIds);
    expect(positions).toHaveLength(responseTokenIds.length);
    for (const [t, { logprob, tokenIds, logprobs }] of positions.entries()) {
      expect(logprob).toBeCloseTo(expected[t] ?? NaN, 3);
      expect(tokenIds).toHaveLength(5);
      expect(new Set(tokenIds).size).toBe(5);
      // Integer-like keys come out of JSON by size, not by rank.
      expect(logprobs).toEqual([...logprobs].sort((a, b) => b - a));
      expect(Math.exp(logprobs[0] ?? 0)).toBeLessThanOrEqual(1);
    }
  });

  it('accepts a teacher that reads texts as the student does, and names the text where it doesn’t', async () => {
    const double = await world.double({ apiKey: 'secret' });
    const tokenIds = await world.backend.encodeText(TEXT);
    await connect(double.url).check({ probes: [{ text: TEXT, tokenIds }] });
    const other = tokenIds.map((id) => id + 1);
    await expect(connect(double.url).check({ probes: [{ text: TEXT, tokenIds: other }] })).rejects.toMatchObject({
      code: 'teacher_failed',
      message: expect.stringContaining('vocabulary is not the student’s'),
    });
  });

  it('refuses token ids that the student has not got', async () => {
    const double = await world.double({ apiKey: 'secret' });
    const task = { promptTokenIds: [1, 2], responseTokenIds: [3], vocabularySize: 4, probes: [] };
    await expect(connect(double.url).score(task, 5)).rejects.toMatchObject({
      code: 'teacher_failed',
      message: expect.stringContaining('tokens end at 3'),
    });
  });

  it('says when the server serves another model', async () => {
    const double = await world.double({ apiKey: 'secret' });
    await connect(double.url).check({ probes: [] });
    await expect(connect(double.url, 'other').check({ probes: [] })).rejects.toMatchObject({
      code: 'teacher_failed',
      message: expect.stringContaining('CLAAS_TEACHER_MODEL'),
    });
  });

  it.each(['fail', 'hang', 'die'] as const)(
    'fails as teacher_failed when the server answers with: %s',
    async (kind) => {
      const double = await world.double({ apiKey: 'secret' });
      double.faults.set('completions', { kind });
      const task = { promptTokenIds: [1, 2], responseTokenIds: [3], vocabularySize: VOCABULARY, probes: [] };
      await expect(connect(double.url, BASE_MODEL, 300).score(task, 1)).rejects.toMatchObject({
        code: 'teacher_failed',
      });
    },
  );

  it('names what the server lacks when it tells too few log-probs', async () => {
    const double = await world.double({ apiKey: 'secret' });
    const task = { promptTokenIds: [1, 2], responseTokenIds: [3], vocabularySize: VOCABULARY, probes: [] };
    await expect(connect(double.url).score(task, 100)).rejects.toMatchObject({
      code: 'teacher_failed',
      message: expect.stringContaining('--max-logprobs 100'),
    });
  });

  it('is cancelled with the step', async () => {
    const double = await world.double({ apiKey: 'secret' });
    double.faults.set('completions', { kind: 'hang' });
    const task = { promptTokenIds: [1, 2], responseTokenIds: [3], vocabularySize: VOCABULARY, probes: [] };
    const scored = connect(double.url).score(task, 1, AbortSignal.timeout(100));
    await expect(scored).rejects.toMatchObject({ code: 'cancelled' });
  });
});
