import { Environment } from './environment.js';
import { VllmEnvironment } from './vllm-environment.js';
import { ModalEnvironment } from './modal-environment.js';
import { TinkerEnvironment } from './tinker-environment.js';

/** Every section of the environment, imported in the order of docs/settings.md. */
export const ENVIRONMENT_SECTIONS = [Environment, VllmEnvironment, ModalEnvironment, TinkerEnvironment] as const;

/** All variables that the service reads. */
export type ServiceEnvironment = Environment & VllmEnvironment & ModalEnvironment & TinkerEnvironment;
