export { scoreTokens } from './score-tokens.js';
