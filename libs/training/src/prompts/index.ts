export * from './context-encoder.js';
export * from './render-context.js';
export * from './student-context.js';
export * from './teacher-context.js';
export * from './teacher-conversation.js';
export * from './teacher-template.js';
