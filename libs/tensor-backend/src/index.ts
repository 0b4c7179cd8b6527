export * from './create-tensor-backend.js';
export { rowSum } from './row-sum.js';
export * from './tensor-backend.js';
