import { mergeConfig } from 'vitest/config';
import { workspaceDefaults } from '../../vitest.workspace-defaults.js';

export default mergeConfig(workspaceDefaults, {
  test: {
    name: 'vllm-control',
    // Tests that put the one real server to sleep come one after the other.
    fileParallelism: process.env.VLLM_TEST_URL === undefined,
  },
});
