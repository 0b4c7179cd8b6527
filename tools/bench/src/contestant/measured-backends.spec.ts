import { describe, expect, it } from 'vitest';
import { measuredBackends } from './measured-backends.js';

describe('measuredBackends', () => {
  it('are both where both are there, and it is said that wasm gets another model', () => {
    const { backends, remarks } = measuredBackends({ backend: null, shape: null }, null);
    expect(backends).toEqual(['tensorflow', 'wasm']);
    expect(remarks).toHaveLength(1);
    expect(remarks[0]).toMatch(/clay-tiny.*NOT on 0\.6b/);
  });

  it('says why the native one is missing', () => {
    const { backends, remarks } = measuredBackends({ backend: null, shape: 'clay-tiny' }, 'there is none in /x');
    expect(backends).toEqual(['wasm']);
    expect(remarks).toEqual([expect.stringContaining('NOT measured: there is none in /x')]);
  });

  it('fails when the one that was asked for by name is missing', () => {
    expect(() => measuredBackends({ backend: 'tensorflow', shape: null }, 'it is damaged')).toThrow(/it is damaged/);
    expect(measuredBackends({ backend: 'wasm', shape: null }, 'it is damaged').backends).toEqual(['wasm']);
  });
});
