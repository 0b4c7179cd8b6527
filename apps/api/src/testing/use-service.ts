import { afterAll, beforeAll } from 'vitest';
import { Client } from './client.js';
import { startService, type RunningService } from './start-service.js';

/** The service that all tests of a suite ask, and a client of it. */
export class ServiceUnderTest {
  private running: { readonly service: RunningService; readonly client: Client } | null = null;

  get service(): RunningService {
    return this.started.service;
  }

  get client(): Client {
    return this.started.client;
  }

  async start(): Promise<void> {
    const service = await startService();
    this.running = { service, client: new Client(service) };
  }

  private get started(): { readonly service: RunningService; readonly client: Client } {
    if (this.running === null) throw new Error('The service runs only while the tests do.');
    return this.running;
  }
}

/** Starts it before the first test of the suite, with these adapters, and stops it after the last one. */
export function useService(...loraIds: readonly string[]): ServiceUnderTest {
  const api = new ServiceUnderTest();
  beforeAll(async () => {
    await api.start();
    for (const loraId of loraIds) await api.client.post('/v1/lora/init', { lora_id: loraId });
  });
  afterAll(() => api.service.stop());
  return api;
}
