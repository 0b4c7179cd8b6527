import { AdapterIdConflictError, parseAdapterId } from '@claas/contracts';
import { describe, expect, it } from 'vitest';
import { folderOf, idOfFolder } from './adapter-folder.js';
import { refuseNesting, refuseShadowing } from './name-conflict.js';

const id = parseAdapterId;

describe('names of adapters', () => {
  it('gives each id a folder of its own', () => {
    expect(folderOf('user1/model-init')).toBe('user1~model-init');
    expect(idOfFolder(folderOf('a/b/c/d'))).toBe('a/b/c/d');
  });

  it('refuses an id inside another, either way, and nothing that only begins alike', () => {
    expect(() => {
      refuseNesting(id('a/b'), [id('a')]);
    }).toThrow(AdapterIdConflictError);
    expect(() => {
      refuseNesting(id('a'), [id('a/b')]);
    }).toThrow(AdapterIdConflictError);
    expect(() => {
      refuseNesting(id('a'), [id('ab'), id('ab/c'), id('a')]);
    }).not.toThrow();
  });

  it('refuses an alias with the id of an adapter', () => {
    expect(() => {
      refuseShadowing(id('a'), [id('b'), id('a')]);
    }).toThrow(AdapterIdConflictError);
  });
});
