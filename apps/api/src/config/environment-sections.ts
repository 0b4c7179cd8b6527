import { Environment } from './environment.js';
import { ModalEnvironment } from './modal-environment.js';
import { VllmEnvironment } from './vllm-environment.js';

/** Every section of the environment, in the order of docs/settings.md. */
export const ENVIRONMENT_SECTIONS = [Environment, VllmEnvironment, ModalEnvironment] as const;

/** All variables that the service reads. */
export type ServiceEnvironment = Environment & VllmEnvironment & ModalEnvironment;
