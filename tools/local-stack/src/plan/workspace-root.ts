import path from 'node:path';

/** `tools/local-stack/{src,dist}/plan` → the workspace. */
export const WORKSPACE_ROOT = path.resolve(import.meta.dirname, '../../../..');

export const API_MAIN = path.join(WORKSPACE_ROOT, 'apps/api/dist/main.js');
export const TRAINER_MAIN = path.join(WORKSPACE_ROOT, 'apps/trainer/dist/main.js');
export const SHIPPED_MODEL = 'clay-tiny';
export const SHIPPED_MODEL_DIRECTORY = path.join(WORKSPACE_ROOT, 'models', SHIPPED_MODEL, 'model');
