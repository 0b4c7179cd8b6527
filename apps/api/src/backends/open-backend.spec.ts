import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../config/read-settings.js';
import { createLogger } from '../logging/create-logger.js';
import { ModeUnavailableError } from './mode-unavailable-error.js';
import { openBackend } from './open-backend.js';

describe('openBackend', () => {
  it.each(['tinker'])('says that this version has no engine for %s', async (mode) => {
    const { settings } = readSettings({ CLAAS_DISTILL_EXECUTION_MODE: mode }, tmpdir());
    const opening = openBackend(settings, createLogger('silent'));
    await expect(opening).rejects.toThrow(ModeUnavailableError);
    await expect(opening).rejects.toThrow(/Set it to local/);
  });
});
