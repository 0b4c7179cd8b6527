export { ModalUnavailableError, SandboxLostError } from './errors/modal-errors.js';
export { VolumeTransfer } from './files/volume-transfer.js';
export type { ModalEngine } from './modal-engine.js';
export { openModalEngine } from './open-modal-engine.js';
export type { ModalEngineOptions } from './open-modal-engine.js';
export { MOUNT_PATH, TRAINER_PROGRAM } from './sandbox/sandbox-settings.js';
export type { SandboxSettings } from './sandbox/sandbox-settings.js';
export type { SandboxLimits } from './trainer/sandbox-limits.js';
export type { SandboxTrainer } from './trainer/sandbox-trainer.js';
