export * from './preparation/index.js';
export * from './prompts/index.js';
