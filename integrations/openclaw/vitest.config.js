import { mergeConfig } from 'vitest/config';
import { workspaceDefaults } from '../../vitest.workspace-defaults.js';

/** Real programs are started and answer here: a machine that is busy with other tests takes its time. */
const LIMIT_MS = 240_000;

export default mergeConfig(workspaceDefaults, {
  test: { name: 'openclaw', testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS },
});
