export { ModalFaultTable } from './fault-table.js';
export type { ModalFault } from './fault-table.js';
export { ModalDouble } from './modal-double.js';
export type { ModalDoubleOptions } from './modal-double.js';
export type { RecordedRpc } from './rpc/rpc-server.js';
export type { ImageContents, SandboxMachine } from './sandbox/sandbox-machine.js';
