import { describe, expect, it } from 'vitest';
import { rowNormalizers } from './row-normalizers.js';

const V = 64;
/** Of two rows. */
const LOGITS = Float32Array.from({ length: 2 * V }, (_, i) => 11 + 3 * Math.sin(i * i));

describe('log-probs as a service tells them', () => {
  const normalizers = rowNormalizers(LOGITS, V);
  const told = Float32Array.from(LOGITS, (logit, i) => logit - normalizers[Math.floor(i / V)]!);

  it('add up to 1, within what float32 can say', () => {
    for (const row of [told.slice(0, V), told.slice(V)]) {
      expect(Math.abs(row.reduce((sum, logprob) => sum + Math.exp(logprob), 0) - 1)).toBeLessThan(1e-6);
    }
  });
});
