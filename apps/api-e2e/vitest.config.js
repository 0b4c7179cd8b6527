import { mergeConfig } from 'vitest/config';
import { workspaceDefaults } from '../../vitest.workspace-defaults.js';

// One file at a time: each starts real processes and measures them.
export default mergeConfig(workspaceDefaults, {
  test: { name: 'api-e2e', fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 },
});
