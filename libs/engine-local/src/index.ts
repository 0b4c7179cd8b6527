export { LocalEngine } from './local-engine.js';
export type { TrainerCommand } from './trainer-connection.js';
export { trainerEnvironment } from './trainer-environment.js';
export { DEFAULT_TRAINER_LIMITS } from './trainer-limits.js';
export type { TrainerLimits } from './trainer-limits.js';
export type { LogLevel, TrainerLogRecord } from './trainer-log.js';
export { TrainerProcess } from './trainer-process.js';
export type { TrainerProcessOptions } from './trainer-process.js';
