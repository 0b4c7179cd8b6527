import { describe, expect, it } from 'vitest';
import { hubCacheDirectory } from './hub-cache.js';

describe('the place of the cache', () => {
  it.each([
    [{ HF_HUB_CACHE: '/a', HF_HOME: '/b' }, '/a'],
    [{ HUGGINGFACE_HUB_CACHE: '/c', HF_HOME: '/b' }, '/c'],
    [{ HF_HOME: '/b' }, '/b/hub'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
  ])('follows %j', (environment, expected) => {
    expect(hubCacheDirectory(environment)).toBe(expected);
  });
});
