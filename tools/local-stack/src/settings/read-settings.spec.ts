import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeWorkplace, type Workplace } from '../testing/make-settings.js';

let place: Workplace;
beforeEach(() => {
  place = makeWorkplace();
});
afterEach(() => {
  place.remove();
});

describe('the settings', () => {
  it('have defaults: the API alone', () => {
    const { dataDirectory, logFile, host, port, file, fileName } = place.settings();
    expect({ dataDirectory, logFile, host, port, fileName }).toEqual({
      dataDirectory: path.join(place.directory, 'data'),
      logFile: path.join(place.directory, 'data/stack.log'),
      host: '127.0.0.1',
      port: 8080,
      fileName: null,
    });
    expect([file.vllm, file.gateway, file.adapters]).toEqual([undefined, undefined, []]);
  });

  it('come from flags over the environment over .env over the file', () => {
    place.write('claas-stack.yaml', 'data_dir: from-file\napi: { port: 1001 }\nadapters: [{ id: me/a, rank: 8 }]');
    expect(place.settings().port).toBe(1001);
    expect(path.basename(place.settings().dataDirectory)).toBe('from-file');
    place.write('.env', 'CLAAS_API_PORT=1002\nCLAAS_DATA_DIR=from-dotenv\nBOT_TOKEN=t');
    expect(place.settings().port).toBe(1002);
    expect(path.basename(place.settings().dataDirectory)).toBe('from-dotenv');
    expect(place.settings({}, { CLAAS_API_PORT: '1003' }).port).toBe(1003);
    expect(place.settings({}, { CLAAS_API_PORT: '' }).port).toBe(1002);
    const given = place.settings({ port: 1004, adapter: ['me/b', 'me/a'] }, { CLAAS_API_PORT: '1003', BOT_TOKEN: 'u' });
    expect(given.port).toBe(1004);
    expect(given.file.adapters).toEqual([{ id: 'me/a', rank: 8 }, { id: 'me/b' }]);
    expect(given.dotEnv).toEqual({ CLAAS_API_PORT: '1003', CLAAS_DATA_DIR: 'from-dotenv', BOT_TOKEN: 'u' });
  });

  it('may be JSON', () => {
    place.write('claas-stack.json', '{"vllm": {"model": "Qwen/Qwen3-0.6B", "env": {"OMP_NUM_THREADS": 4}}}');
    expect(place.settings().file.vllm).toMatchObject({
      model: 'Qwen/Qwen3-0.6B',
      port: 8000,
      env: { OMP_NUM_THREADS: '4' },
    });
  });

  it('name everything that is wrong with the file', () => {
    place.write('claas-stack.yaml', 'vlm: {}\napi: { port: 99999 }\nvllm: { max_lora_rank: 7 }');
    expect(() => place.settings()).toThrow(/claas-stack\.yaml isn't right:[^]*vlm[^]*api\.port[^]*max_lora_rank/);
    place.write('claas-stack.yaml', 'api: [');
    expect(() => place.settings()).toThrow(/claas-stack\.yaml can't be read/);
    expect(() => place.settings({ config: 'none.yaml' })).toThrow(/none\.yaml can't be read/);
  });

  it('refuse a port that is none', () => {
    expect(() => place.settings({}, { CLAAS_API_PORT: 'x' })).toThrow('CLAAS_API_PORT is x');
  });
});
