import { expect, it } from 'vitest';
import { installedRuntime } from '../testing/installed-runtime.js';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { writeFiles } from '../testing/write-files.js';
import { proveInChild } from './prove-in-child.js';

const at = useTemporaryDirectory();
const runtime = installedRuntime();
const options = { environment: process.env, timeoutMs: 60_000, onOutput: (): void => undefined };

it.skipIf(runtime === null)('proves an addon that works', { timeout: 70_000 }, async () => {
  const { tensorflowVersion } = await proveInChild(runtime!.addon, options);
  expect(tensorflowVersion).toBe(runtime!.tensorflowVersion);
});

it('refuses what is no addon, and says why', async () => {
  writeFiles(at(), { 'x.node': 'text' });
  await expect(proveInChild(at('x.node'), options)).rejects.toMatchObject({
    failure: 'proof_failed',
    message: expect.stringMatching(/ended with exit code 1 \(.*(too short|invalid ELF|slice is not valid|mach-o)/i),
  });
});

it('does not wait for ever', async () => {
  writeFiles(at(), { 'x.node': 'text' });
  const attempt = proveInChild(at('x.node'), { ...options, timeoutMs: 1 });
  await expect(attempt).rejects.toThrow(/took longer than/);
});
