import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { useService } from '../testing/use-service.js';

const LESSON = { lora_id: 'user/a', prompt: 'Hello', response: 'Hi! 😊', feedback: 'No emojis.' };

describe('metrics of feedback', () => {
  const api = useService('user/a');

  const value = async (name: string, labels: Record<string, string> = {}): Promise<number | undefined> => {
    const metric = (await api.service.app.get(Registry, { strict: false }).getMetricsAsJSON()).find((found) =>
      found.values.some((entry) => ('metricName' in entry ? entry.metricName : found.name) === name),
    );
    return metric?.values.find(
      (entry) =>
        ('metricName' in entry ? entry.metricName : metric.name) === name &&
        Object.entries(labels).every(([label, wanted]) => (entry.labels as Record<string, unknown>)[label] === wanted),
    )?.value;
  };

  it('count how feedbacks end, how long the step took and what was learned', async () => {
    expect((await api.client.post('/v1/feedback', LESSON)).status).toBe(200);
    expect(await value('claas_feedback_total', { state: 'verified' })).toBe(1);
    expect(await value('claas_feedback_gap_before_sum')).toBe(0.4);
    expect(await value('claas_feedback_gap_after_sum')).toBe(0.3);
    expect(await value('claas_feedback_unfinished', { state: 'training' })).toBe(0);
  });

  it('show what waits and what runs', async () => {
    const open = api.service.engine.closeGate();
    const accepted = [
      await api.client.post('/v1/feedback', LESSON, { prefer: 'respond-async' }),
      await api.client.post('/v1/feedback', LESSON, { prefer: 'respond-async' }),
    ];
    expect(accepted.map(({ status }) => status)).toEqual([202, 202]);
    await expect.poll(() => value('claas_feedback_unfinished', { state: 'training' })).toBe(1);
    expect(await value('claas_feedback_unfinished', { state: 'queued' })).toBe(1);
    open();
    await expect.poll(() => value('claas_feedback_total', { state: 'verified' })).toBe(3);
    expect(await value('claas_feedback_unfinished', { state: 'queued' })).toBe(0);
  });
});
