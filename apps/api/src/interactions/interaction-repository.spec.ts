import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAdapterId } from '@claas/contracts';
import type { Database } from '../database/database.js';
import { openDatabase } from '../database/open-database.js';
import { DATABASES_UNDER_TEST, type TemporaryDatabase } from '../database/testing/databases-under-test.js';
import { InteractionRepository } from './interaction-repository.js';
import type { Interaction } from './interaction.js';

const INTERACTION: Interaction = {
  completionId: 'chatcmpl-1',
  loraId: parseAdapterId('user/model-init'),
  version: 2,
  conversation: [
    { role: 'system', content: 'Be kind.\u0000' },
    { role: 'user', content: 'Hello' },
  ],
  templateOptions: { enableThinking: false },
  promptTokenIds: [1, 2, 3],
  responseTokenIds: [4, 5],
  samplingLogprobs: [-0.123456789012345, -1e-300],
  temperature: 0.7,
  text: '123',
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
};

describe.each(DATABASES_UNDER_TEST)('interactions in $name', ({ skipped, create }) => {
  describe.skipIf(skipped !== null)(skipped ?? 'available', () => {
    let temporary: TemporaryDatabase;
    let database: Database;
    let repository: InteractionRepository;

    beforeAll(async () => {
      temporary = await create();
      database = await openDatabase(temporary.settings);
      repository = new InteractionRepository(database);
    });

    afterAll(async () => {
      await database.close();
      await temporary.remove();
    });

    it('gives back exactly what was saved', async () => {
      await repository.save(INTERACTION);
      expect(await repository.find('chatcmpl-1')).toEqual(INTERACTION);
    });

    it('keeps an answer of the base model', async () => {
      const ofBase = { ...INTERACTION, completionId: 'chatcmpl-base', loraId: null, version: null };
      await repository.save(ofBase);
      expect(await repository.find('chatcmpl-base')).toEqual(ofBase);
    });

    it('keeps a text that reads as JSON, or that no text column takes', async () => {
      for (const text of ['', 'null', '{"a": [1]}', '"quoted"', 'a\u0000b', '\ud83d']) {
        const completionId = `chatcmpl-${Buffer.from(text).toString('hex')}`;
        await repository.save({ ...INTERACTION, completionId, text });
        expect((await repository.find(completionId))?.text).toBe(text);
      }
    });

    it('leaves the first as it is when the same completion is saved again', async () => {
      await repository.save({ ...INTERACTION, completionId: 'twice' });
      await repository.save({ ...INTERACTION, completionId: 'twice', text: 'another' });
      expect((await repository.find('twice'))?.text).toBe('123');
    });

    it('knows nothing of an unknown completion', async () => {
      expect(await repository.find('chatcmpl-unknown')).toBeNull();
    });
  });
});
