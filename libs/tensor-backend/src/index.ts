export * from './tensor-backend.js';
