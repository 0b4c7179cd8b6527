export * from './generation-defaults.js';
export * from './model-config.js';
export * from './rope-settings.js';
