import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeWorkplace, type Workplace } from '../testing/make-settings.js';
import { describePlan, planForPrograms } from './describe-plan.js';
import { makePlan } from './make-plan.js';
import { maskCommand, maskVariables } from './mask-secrets.js';
import { SHIPPED_MODEL_DIRECTORY } from './workspace-root.js';

let place: Workplace;
beforeEach(() => {
  place = makeWorkplace();
});
afterEach(() => {
  place.remove();
});

describe('a plan', () => {
  it('starts vLLM, the API and the gateway in this order, each with what it needs', () => {
    place.write(
      'claas-stack.yaml',
      'vllm: { port: 8001, max_model_len: 4096 }\ngateway: { command: [gw], url: "http://127.0.0.1:18789/" }',
    );
    place.write('.env', 'TELEGRAM_BOT_TOKEN=123:abc\nVLLM_API_KEY=topsecret\n');
    const plan = makePlan(place.settings({ vllm: 'Qwen/Qwen3-0.6B', port: 8085, adapter: ['me/a'] }));
    const [vllm, api, gateway] = plan.services;
    expect(plan.services.map(({ name, ports }) => [name, ports])).toEqual([
      ['vllm', [8001]],
      ['api', [8085]],
      ['gateway', [18789]],
    ]);
    expect(vllm?.command.join(' ')).toBe(
      'vllm serve Qwen/Qwen3-0.6B --served-model-name Qwen/Qwen3-0.6B --host 127.0.0.1 --port 8001 --gpu-memory-utilization 0.5 --max-model-len 4096 --enable-lora --max-loras 4 --max-cpu-loras 32 --max-lora-rank 64 --enable-sleep-mode',
    );
    expect(vllm?.env).toEqual({
      VLLM_API_KEY: 'topsecret',
      VLLM_SERVER_DEV_MODE: '1',
      VLLM_ALLOW_RUNTIME_LORA_UPDATING: '1',
      VLLM_NO_USAGE_STATS: '1',
    });
    expect(api?.env).toMatchObject({
      VLLM_BASE_URL: 'http://127.0.0.1:8001',
      CLAAS_BASE_MODEL_ID: 'Qwen/Qwen3-0.6B',
      CLAAS_API_PORT: '8085',
    });
    expect(gateway?.env).toMatchObject({ TELEGRAM_BOT_TOKEN: '123:abc', CLAAS_URL: 'http://127.0.0.1:8085' });
    expect(plan.adapters).toEqual([{ id: 'me/a', request: { lora_id: 'me/a' } }]);
  });

  it('serves the model that ships under its name, and takes a command of one’s own', () => {
    place.write('claas-stack.yaml', 'vllm: {}');
    expect(makePlan(place.settings()).services[0]?.command.slice(0, 5)).toEqual([
      'vllm',
      'serve',
      SHIPPED_MODEL_DIRECTORY,
      '--served-model-name',
      'clay-tiny',
    ]);
    place.write('claas-stack.yaml', 'vllm: { command: [./serve.sh, --fast] }');
    expect(makePlan(place.settings()).services[0]?.command).toEqual(['./serve.sh', '--fast']);
  });

  it('is shown without its secrets, to people and to programs', () => {
    place.write('.env', 'TELEGRAM_BOT_TOKEN=123:abc\nCLAAS_DATABASE_URL=postgres://u:pw1@h/db\nOTHER=http://u:pw2@h\n');
    const plan = makePlan(place.settings({ gateway: 'gw --token tok3 --name x' }));
    for (const text of [describePlan(plan), JSON.stringify(planForPrograms(plan))]) {
      expect(text).not.toMatch(/123:abc|pw1|pw2|tok3/);
      expect(text).toContain('--name');
    }
    expect(describePlan(plan)).toContain("command  gw --token '****' --name x");
  });
});

describe('masking', () => {
  it('finds secrets by the names of variables and options', () => {
    expect(maskVariables({ HF_TOKEN: 'a', VLLM_API_KEY: 'b', PORT: '1', URL: 'http://me:c@h/' })).toEqual({
      HF_TOKEN: '****',
      VLLM_API_KEY: '****',
      PORT: '1',
      URL: 'http://me:****@h/',
    });
    expect(maskCommand(['x', '--api-key', 'a', '--token=b', 'KEY=c', '--port', '1'])).toEqual([
      'x',
      '--api-key',
      '****',
      '--token=****',
      'KEY=****',
      '--port',
      '1',
    ]);
    expect(maskCommand(['sh', '-c', 'exec gw --token abc "$X"'])).toEqual(['sh', '-c', 'exec gw --token **** "$X"']);
  });
});
