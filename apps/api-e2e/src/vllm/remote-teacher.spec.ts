import type { VllmDouble } from '@claas/contracts/testing/vllm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Reply } from '../service/service-client.js';
import { ServiceProcess } from '../service/service-process.js';
import { settingsFor, VllmServers } from './vllm-servers.js';

const LESSON = { prompt: 'What color is the sky?', response: 'The sky is blue! 😊', feedback: "Don't use emojis." };
const REMOTE = { teacher_mode: 'remote', top_k: 20, learning_rate: 1e-3 };

let servers: VllmServers;
let teacher: VllmDouble;
let service: ServiceProcess;

beforeAll(async () => {
  servers = await VllmServers.create();
  teacher = await servers.start({ baseModelName: 'big-teacher', apiKey: 'teacher-key' });
  service = await ServiceProcess.start({
    ...settingsFor(await servers.start()),
    CLAAS_TEACHER_BASE_URL: teacher.url,
    CLAAS_TEACHER_MODEL: 'big-teacher',
    CLAAS_TEACHER_API_KEY: 'teacher-key',
  });
});
afterEach(() => {
  teacher.faults.clear();
});
afterAll(async () => {
  await service.stopAndRemove();
  await servers.close();
});

const learn = (client: ServiceProcess, loraId: string, training: object): Promise<Reply> =>
  client.client.post('/v1/feedback', { lora_id: loraId, ...LESSON, training });

describe('teacher_mode "remote"', () => {
  it('learns what the same model as the trainer’s own teacher says, over the teacher’s likeliest tokens and the rest', async () => {
    const [remote, self] = [await service.client.init('of/remote'), await service.client.init('of/self')];
    const taught = await learn(service, remote, REMOTE);
    expect(taught.status).toBe(200);
    expect(taught.body.distill_result.metadata.teacher_mode).toBe('remote');
    expect(taught.body.receipt.gap_after).toBeLessThan(taught.body.receipt.gap_before);
    expect(taught.body.vllm.verified).toBe(true);
    expect(teacher.calls.filter(({ call }) => call === 'completions').map(({ body }) => body)).toMatchObject([
      { model: 'big-teacher', prompt_logprobs: 20, temperature: 0 },
    ]);

    const alone = await learn(service, self, { ...REMOTE, teacher_mode: 'self' });
    const signals = ({ body }: Reply): number[] => body.receipt.tokens.map(({ signal }: { signal: number }) => signal);
    signals(taught).forEach((signal, token) => {
      expect(signal).toBeCloseTo(signals(alone)[token]!, 3);
    });
    // The support is the teacher's here, and the student's there.
    expect(taught.body.receipt.gap_before).toBeCloseTo(alone.body.receipt.gap_before, 2);
  });

  it('uses 100 tokens if nothing else is asked for, and says what the server lacks when it tells fewer', async () => {
    const loraId = await service.client.init('of/default');
    const { status, body } = await learn(service, loraId, { teacher_mode: 'remote' });
    expect([status, body.code]).toEqual([502, 'teacher_failed']);
    expect(body.detail).toContain('--max-logprobs 100');
    expect(body.detail).toContain('version 0');
  });

  it('refuses a support that no remote teacher has', async () => {
    const loraId = await service.client.init('of/null');
    const { status, body } = await learn(service, loraId, { teacher_mode: 'remote', top_k: null });
    expect([status, body.code]).toEqual([422, 'request_invalid']);
  });

  it('fails as the teacher does, and leaves the adapter as it was', async () => {
    const loraId = await service.client.init('of/broken');
    teacher.faults.set('completions', { kind: 'fail', status: 500 });
    const { status, body } = await learn(service, loraId, REMOTE);
    expect([status, body.code]).toEqual([502, 'teacher_failed']);
    teacher.faults.clear();
    expect((await learn(service, loraId, REMOTE)).body).toMatchObject({ status: 'ok', version: 1 });
  });
});

describe('a service whose teacher', () => {
  const withTeacher = async (settings: Record<string, string>, ask: (service: ServiceProcess) => Promise<void>) => {
    const other = await ServiceProcess.start(settings);
    try {
      await ask(other);
    } finally {
      await other.stopAndRemove();
    }
  };

  it('is not set says so, and names the settings', async () => {
    await withTeacher({}, async (other) => {
      const { status, body } = await learn(other, await other.client.init('no/teacher'), REMOTE);
      expect([status, body.code]).toEqual([422, 'teacher_mode_unsupported']);
      expect(body.detail).toContain('CLAAS_TEACHER_BASE_URL');
    });
  });

  it('has another vocabulary says so before anything is accepted', async () => {
    const encodeText = async (text: string) => (await servers.backend.encodeText(text)).map((id) => id + 1);
    const stranger = await servers.start({ baseModelName: 'stranger', backend: { ...servers.backend, encodeText } });
    const settings = { CLAAS_TEACHER_BASE_URL: `${stranger.url}/v1`, CLAAS_TEACHER_MODEL: 'stranger' };
    await withTeacher(settings, async (other) => {
      const loraId = await other.client.init('other/vocabulary');
      const { status, body } = await learn(other, loraId, REMOTE);
      expect([status, body.code]).toEqual([502, 'teacher_failed']);
      expect(body.detail).toContain('vocabulary is not the student’s');
      expect((await other.client.get(`/v1/feedback?lora_id=${loraId}`)).body.feedbacks).toEqual([]);
    });
  });
});
