export * from './chat-template.js';
export * from './token-text-stream.js';
export * from './tokenizer.js';
