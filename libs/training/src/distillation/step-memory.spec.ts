import { afterAll, expect, it } from 'vitest';
import { AdapterFolder, distillationTask, loadClay } from '../testing/clay-tiny.js';
import { distill } from './distill.js';

// Alone in its file, because vitest gives each file a process of its own, whose peak is then that of a step.
const LIMIT_BYTES = 1.5e9;
const folder = await AdapterFolder.create();
afterAll(() => folder.remove());

it('takes less than 1.5 GB at its peak on clay-tiny, the test runner included', async () => {
  const context = await loadClay();
  const directories = { parent: await folder.untrained(context), output: await folder.empty() };
  const prompt = { conversation: [{ role: 'user', content: 'The sea, please. '.repeat(24) }] };
  const response = { text: 'It is deep and salty, and full of fish. '.repeat(12) };
  const { rollout } = await distill(
    context,
    distillationTask(directories, { rollout: { ...prompt, response }, settings: { steps: 2 } }),
  );
  expect(rollout.promptTokenIds.length).toBeGreaterThan(100);
  expect(rollout.responseTokenIds.length).toBeGreaterThan(100);
  expect(process.resourceUsage().maxRSS * 1024).toBeLessThan(LIMIT_BYTES);
  context.model.dispose();
});
