export { adapterStoreContract, type StoreUnderTest } from './adapter-store.contract.js';
export { contractCase } from './contract-case.js';
export type { OptOuts } from './contract-case.js';
export { distillationEngineContract } from './distillation-engine.contract.js';
export type { DistillationEngineCase, DistillationEngineSubject } from './distillation-engine.contract.js';
export { PlainTrainerChannel } from './plain-trainer-channel.js';
export { servingControlContract } from './serving-control.contract.js';
export type { ServingControlCase, ServingControlSubject, TrainedVersion } from './serving-control.contract.js';
export { fingerprint } from './version-files.js';
