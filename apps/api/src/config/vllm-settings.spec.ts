import { describe, expect, it } from 'vitest';
import { printableConfig } from './print-config.js';
import { problemsOf, readVariables } from './testing/read-variables.js';

const VLLM = { VLLM_BASE_URL: 'http://127.0.0.1:8000', CLAAS_LORA_ROOT: './loras' };
const TEACHER = { CLAAS_TEACHER_BASE_URL: 'http://127.0.0.1:8001/v1', CLAAS_TEACHER_MODEL: 'big' };

describe('settings of the vLLM servers', () => {
  it('are none without an address', () => {
    expect(readVariables({ CLAAS_LORA_ROOT: './loras' }).settings).toMatchObject({ vllm: null, teacher: null });
  });

  it('have defaults for a server on the same machine that shares its accelerator', () => {
    expect(readVariables({ ...VLLM, VLLM_API_KEY: 'sk-1' }).settings).toMatchObject({
      vllm: {
        baseUrl: 'http://127.0.0.1:8000',
        apiKey: 'sk-1',
        model: null,
        loraRoot: null,
        sharesAccelerator: true,
        dtype: 'bfloat16',
        scoresAlone: false,
        asleepTimeoutMs: 120_000,
        answerTimeoutMs: 300_000,
        minFreeBytes: 20e9,
        freeMemoryTimeoutMs: 30_000,
      },
    });
  });

  it.each([
    ['yes', true],
    ['On', true],
    ['1', true],
    ['no', false],
    ['FALSE', false],
    ['0', false],
  ])('read the flag %s as %s', (text, value) => {
    const { settings } = readVariables({ ...VLLM, CLAAS_VLLM_SHARES_ACCELERATOR: text });
    expect(settings).toMatchObject({ vllm: { sharesAccelerator: value } });
  });

  it('have a teacher, of a server of its own', () => {
    expect(readVariables({ ...VLLM, ...TEACHER }).settings).toMatchObject({
      teacher: { baseUrl: 'http://127.0.0.1:8001/v1', model: 'big', apiKey: null, timeoutMs: 120_000 },
    });
  });

  it.each([
    [{ CLAAS_VLLM_SHARES_ACCELERATOR: 'maybe' }, /^CLAAS_VLLM_SHARES_ACCELERATOR expected yes or no, found "maybe"$/],
    [{ VLLM_BASE_URL: 'localhost' }, /^VLLM_BASE_URL expected an http or https address/],
    [{ CLAAS_VLLM_DTYPE: 'int8' }, /^CLAAS_VLLM_DTYPE expected one of bfloat16/],
    [{ CLAAS_VLLM_LORA_ROOT: 'loras' }, /^CLAAS_VLLM_LORA_ROOT expected an absolute path, found "loras"$/],
    [{ CLAAS_TEACHER_BASE_URL: 'http://t' }, /^CLAAS_TEACHER_MODEL is needed together with CLAAS_TEACHER_BASE_URL/],
    [{ CLAAS_TEACHER_MODEL: 'big' }, /^CLAAS_TEACHER_BASE_URL is needed together with CLAAS_TEACHER_MODEL/],
    [{ ...TEACHER, CLAAS_TEACHER_BASE_URL: 'http://127.0.0.1:8000/v1' }, /^CLAAS_TEACHER_BASE_URL .*sleeps while/],
    [{ VLLM_BASE_URL: 'http://127.0.0.1:8080/v1' }, /^VLLM_BASE_URL is this service’s own address/],
  ])('refuse %j in one sentence', (variables, sentence) => {
    const problems = problemsOf({ ...VLLM, ...variables });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(sentence);
  });

  it('may let the server teach that answers, where it need not sleep', () => {
    const same = { ...TEACHER, CLAAS_TEACHER_BASE_URL: VLLM.VLLM_BASE_URL, CLAAS_VLLM_SHARES_ACCELERATOR: 'no' };
    expect(problemsOf({ ...VLLM, ...same })).toEqual([]);
  });

  it('say what is set and read by nothing', () => {
    expect(readVariables({ CLAAS_LORA_ROOT: './l', VLLM_API_KEY: 'sk', CLAAS_TEACHER_API_KEY: 'sk' }).warnings).toEqual(
      [
        'VLLM_API_KEY is set, but VLLM_BASE_URL is not: nothing reads it.',
        'CLAAS_TEACHER_API_KEY is set, but CLAAS_TEACHER_BASE_URL is not: nothing reads it.',
      ],
    );
  });

  it('are printed without their keys', () => {
    const printed = printableConfig(
      readVariables({ ...VLLM, ...TEACHER, VLLM_API_KEY: 'one', CLAAS_TEACHER_API_KEY: 'two' }),
    );
    expect(printed).toContain('VLLM_API_KEY=********\n');
    expect(printed).toContain('CLAAS_VLLM_SHARES_ACCELERATOR=yes\n');
    expect(printed).not.toMatch(/=(one|two)$/m);
  });
});
