export { FsAdapterStore, type FsAdapterStoreOptions } from './fs-adapter-store.js';
