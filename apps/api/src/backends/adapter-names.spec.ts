import { parseAdapterId, type AdapterStore } from '@claas/contracts';
import { describe, expect, it } from 'vitest';
import { AdapterNames } from './adapter-names.js';

describe('AdapterNames', () => {
  const asked: string[] = [];
  let meant = 'user/a';
  let time = 0;
  const store = {
    resolve: (name: string) => {
      asked.push(name);
      return name === 'nobody' ? Promise.reject(new Error('none')) : Promise.resolve(parseAdapterId(meant));
    },
  } as Partial<AdapterStore> as AdapterStore;
  const names = new AdapterNames(store, () => time);

  it('asks the store once a second, and again after a change here', async () => {
    expect(await names.resolve('latest')).toBe('user/a');
    meant = 'user/b';
    expect(await names.resolve('latest')).toBe('user/a');
    time = 1_001;
    expect(await names.resolve('latest')).toBe('user/b');
    meant = 'user/c';
    names.forget();
    expect(await names.resolve('latest')).toBe('user/c');
    expect(asked).toEqual(['latest', 'latest', 'latest']);
  });

  it('does not remember what is not there', async () => {
    await expect(names.resolve('nobody')).rejects.toThrow('none');
    await expect(names.resolve('nobody')).rejects.toThrow('none');
    expect(asked.filter((name) => name === 'nobody')).toHaveLength(2);
  });
});
