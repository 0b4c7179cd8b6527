import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ClaasError } from '@claas/contracts';
import { describeStartError, ListenError } from './start-error.js';

describe('describeStartError', () => {
  it('lets errors that explain themselves speak alone', () => {
    const refused = new ClaasError('engine_unavailable', 'Modal refuses the credentials: set MODAL_TOKEN_ID.');
    expect(describeStartError(refused)).toBe(refused.message);
    const inUse = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });
    expect(describeStartError(new ListenError('127.0.0.1', 8080, inUse))).toMatch(
      /port 8080 .* in use.*CLAAS_API_PORT/,
    );
  });

  it('names the settings behind a directory that can’t be made', async () => {
    const error: unknown = await mkdir(`${import.meta.filename}/below`).catch((reason: unknown) => reason);
    expect(describeStartError(error)).toMatch(/^ENOTDIR.*CLAAS_LORA_ROOT/);
  });

  it('shows where a defect is', () => {
    expect(describeStartError(new TypeError('broken'))).toContain('start-error.spec');
  });
});
