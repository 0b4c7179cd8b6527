export { LocalEngine } from './local-engine.js';
export type { TrainerCommand } from './process-link.js';
export { trainerEnvironment } from './trainer-environment.js';
export { TrainerProcess } from './trainer-process.js';
export type { TrainerProcessOptions } from './trainer-process.js';
