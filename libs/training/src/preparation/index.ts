export * from './prepare-rollout.js';
export * from './teacher-task.js';
