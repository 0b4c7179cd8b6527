export * from './prepare-rollout.js';
