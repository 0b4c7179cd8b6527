export { EmbeddedServing, VERIFICATION_TOLERANCE_NATS } from './embedded-serving.js';
