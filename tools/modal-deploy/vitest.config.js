import { mergeConfig } from 'vitest/config';
import { workspaceDefaults } from '../../vitest.workspace-defaults.js';

export default mergeConfig(workspaceDefaults, { test: { name: 'modal-deploy' } });
