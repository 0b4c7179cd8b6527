export { ModalVolumeAdapterStore } from './modal-volume-adapter-store.js';
export type { ModalVolumeOptions } from './open-volume.js';
export type { TransferProgress, OnTransferProgress } from './version/transfer-progress.js';
export type { VolumeDirectories } from './volume-directories.js';
