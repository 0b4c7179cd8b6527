/**
 * What can be said of the images and stacks without a Docker engine: Dockerfiles linted, every stack configured in every
 * profile, and what each image does, done outside a container. Needs npm's registry; takes a few minutes.
 *
 * Usage: npm run check:docker
 */
import { configureStacks } from './outside/configure-stacks.js';
import { lintDockerfiles } from './outside/lint-dockerfiles.js';
import { Report } from './outside/report.js';
import { runImages } from './outside/run-images.js';

const report = new Report();
lintDockerfiles(report);
configureStacks(report);
await runImages(report);
process.exitCode = report.finish() ? 0 : 1;
