export { abortable } from './abortable.js';
export type { TrainerExit } from './trainer-errors.js';
export type { OpenTrainerLink, TrainerEnd, TrainerLink, TrainerStreams } from './trainer-link.js';
export { DEFAULT_TRAINER_LIMITS } from './trainer-limits.js';
export type { TrainerLimits } from './trainer-limits.js';
export type { LogLevel, TrainerLogRecord } from './trainer-log.js';
export { TrainerSupervisor } from './trainer-supervisor.js';
export type { TrainerSupervision } from './trainer-supervisor.js';
