import { describe, expect, it } from 'vitest';
import { tinkerSettings } from './tinker-settings.js';

describe('the address of a Tinker service', () => {
  it.each([
    ['https://tinker.example', 'https://tinker.example'],
    ['https://tinker.example/', 'https://tinker.example'],
    ['https://tinker.example/services/one//', 'https://tinker.example/services/one'],
    ['https://tinker.example/services/one/api/v1', 'https://tinker.example/services/one'],
    ['http://127.0.0.1:9000/api/v1/', 'http://127.0.0.1:9000'],
  ])('is taken with or without what every path begins with: %s', (baseUrl, expected) => {
    expect(tinkerSettings({ baseUrl, apiKey: 'tml-x', baseModel: 'clay-tiny' }).baseUrl).toBe(expected);
  });
});
