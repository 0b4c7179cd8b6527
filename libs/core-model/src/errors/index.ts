export * from './adapter-files-error.js';
export * from './chat-template-error.js';
export * from './file-problem.js';
export * from './model-directory-error.js';
