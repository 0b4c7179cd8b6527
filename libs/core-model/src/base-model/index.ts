export * from './base-model-unavailable-error.js';
export * from './hub-cache.js';
export * from './locate-base-model.js';
export type { DownloadProgress } from './download-model.js';
