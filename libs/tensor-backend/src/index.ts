export * from './create-tensor-backend.js';
export * from './tensor-backend.js';
