export { EmbeddedServing } from './embedded-serving.js';
