import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChatTemplateError } from '../errors/chat-template-error.js';
import { ModelDirectoryError } from '../errors/model-directory-error.js';
import { ChatTemplate } from './chat-template.js';
import { Tokenizer } from './tokenizer.js';

const clayTiny = fileURLToPath(new URL('../../../../models/clay-tiny/model', import.meta.url));
const hello = [{ role: 'user', content: 'hello' }];
const options = { addGenerationPrompt: true, enableThinking: null };

describe('the chat template of a directory', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'claas-template-'));
    for (const name of ['tokenizer.json', 'tokenizer_config.json'])
      await cp(join(clayTiny, name), join(directory, name));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  async function configure(changes: Record<string, unknown>): Promise<void> {
    const path = join(directory, 'tokenizer_config.json');
    const fields = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    await writeFile(path, JSON.stringify({ ...fields, ...changes }));
  }

  async function load(): Promise<ChatTemplate> {
    return ChatTemplate.load(directory, await Tokenizer.load(directory));
  }

  it('is the file of its own before that in the config', async () => {
    await writeFile(join(directory, 'chat_template.jinja'), 'file: {{ messages[0].content }}');
    expect((await load()).render(hello, options)).toBe('file: hello');
  });

  it('is the default one of several', async () => {
    await configure({
      chat_template: [
        { name: 'tool_use', template: 'tools' },
        { name: 'default', template: 'default: {{ messages[0].content }}' },
      ],
    });
    expect((await load()).render(hello, options)).toBe('default: hello');
  });

  it.each([
    ['is none', null],
    ['is no default among several', [{ name: 'tool_use', template: 'tools' }]],
  ])('is missed when there %s', async (_, template) => {
    await configure({ chat_template: template });
    await expect(load()).rejects.toBeInstanceOf(ModelDirectoryError);
    await expect(load()).rejects.toMatchObject({ field: 'chat_template', code: 'base_model_invalid' });
  });

  it('knows the named tokens, given as text or as objects', async () => {
    await configure({
      chat_template: '{{ bos_token }}|{{ eos_token }}',
      bos_token: { content: '<|endoftext|>', lstrip: false },
    });
    expect((await load()).render(hello, options)).toBe('<|endoftext|>|<|im_end|>');
  });

  it('writes its begin-of-text token once', async () => {
    await configure({ chat_template: "{{ bos_token }}{{ messages[0]['content'] }}", bos_token: '<|endoftext|>' });
    const template = await load();
    expect(template.encodeConversation(hello, options).filter((id) => id === 0)).toHaveLength(1);
    const forged = [{ role: 'user', content: '<|endoftext|>hello' }];
    expect(template.encodeConversation(forged, options).filter((id) => id === 0)).toHaveLength(1);
  });

  it('passes the thinking switch on only when it is set', async () => {
    await configure({ chat_template: '{{ enable_thinking is defined }} {{ enable_thinking }}' });
    const template = await load();
    expect(template.render(hello, { ...options, enableThinking: false })).toMatch(/^true false$/i);
    expect(template.render(hello, { ...options, enableThinking: null })).toMatch(/^false/i);
  });

  it("fails with the template's own words", async () => {
    await configure({ chat_template: "{{ raise_exception('Conversation roles must alternate') }}" });
    const template = await load();
    const render = (): string => template.render(hello, options);
    expect(render).toThrow(ChatTemplateError);
    expect(render).toThrow(/Conversation roles must alternate/);
    expect(() => template.encodeConversation(hello, options)).toThrow(
      expect.objectContaining({ code: 'template_failed' }),
    );
  });

  it('is refused when it is no template', async () => {
    await configure({ chat_template: '{% for message in %}' });
    await expect(load()).rejects.toBeInstanceOf(ChatTemplateError);
  });
});
