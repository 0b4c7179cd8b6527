import { describe, expect, it } from 'vitest';
import { readAnswer } from './answer-text.js';
import { EventStreamEditor } from './event-stream-editor.js';
import { forEachMember, skipValue, valueAt } from './json-text.js';
import { AnswerRecord } from './relayed-answer.js';
import { bodyForServer, showsLogprobs } from './relay-request.js';

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
const utf8 = (text: string | null): string => Buffer.from(text ?? '', 'latin1').toString();
const VIEW = { model: '"me/first"', showsTokenIds: false, showsLogprobs: false };

/** As vLLM writes it: compact, numbers that JavaScript would write otherwise, keys that it would sort. */
const CHUNK =
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1.0,"model":"me~first@v1.ab","x":{"10":1e-05,"9":-0.0},' +
  '"choices":[{"index":0,"delta":{"content":"a \\"b\\" {😀} \\\\"},"logprobs":{"content":[{"token":"a","logprob":-0.5,' +
  '"bytes":[97],"top_logprobs":[]},{"token":"}","logprob":-1e-05,"bytes":[125],"top_logprobs":[]}]},"finish_reason":null,' +
  '"token_ids":[1,2]}],"prompt_token_ids":[7,8]}';

describe('json text', () => {
  it('finds members and their values whatever is in strings', () => {
    const found: Record<string, unknown> = {};
    const text = latin1('{ "a" : [1, {"b":"]}\\\\"}] , "é" :"😀\\"," ,"n":null, "x":-1.5e3 }');
    const end = forEachMember(text, 0, (key, span) => (found[utf8(key)] = valueAt(text, span)));
    expect(end).toBe(text.length);
    expect(found).toEqual({ a: [1, { b: ']}\\' }], é: '😀",', n: null, x: -1500 });
  });

  it.each(['', '{"a":', '[1, 2', '"open', '{"a" 1', ','])('refuses %j', (text) => {
    expect(() => skipValue(text, 0) === text.length && forEachMember(text, 0, () => undefined)).toThrow(SyntaxError);
  });
});

describe('what the client sees of an answer', () => {
  it('has its own name of the model and nulls for what it did not ask for; every other byte is the server’s', () => {
    const { text } = readAnswer(latin1(CHUNK), VIEW);
    expect(utf8(text)).toBe(
      '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1.0,"model":"me/first","x":{"10":1e-05,"9":-0.0},' +
        '"choices":[{"index":0,"delta":{"content":"a \\"b\\" {😀} \\\\"},"logprobs":null,"finish_reason":null,' +
        '"token_ids":null}],"prompt_token_ids":null}',
    );
  });

  it('keeps what it asked for', () => {
    const { text } = readAnswer(latin1(CHUNK), { ...VIEW, showsTokenIds: true, showsLogprobs: true });
    expect(utf8(text)).toBe(CHUNK.replace('me~first@v1.ab', 'me/first'));
  });

  it('leaves the chunk out that vLLM sends for its token ids alone', () => {
    const empty = CHUNK.replace(/"delta":\{.*\},"logprobs"/, '"delta":{},"logprobs"');
    expect(readAnswer(latin1(empty), VIEW).text).toBeNull();
    expect(readAnswer(latin1(empty), { ...VIEW, showsTokenIds: true }).text).not.toBeNull();
    expect(
      readAnswer(latin1(empty.replace('"finish_reason":null', '"finish_reason":"stop"')), VIEW).text,
    ).not.toBeNull();
  });
});

describe('what is kept of an answer', () => {
  it('is joined from its events, by choice', () => {
    const record = new AnswerRecord();
    record.add(readAnswer(latin1(CHUNK), VIEW));
    record.add({
      text: null,
      id: 'chatcmpl-1',
      choices: [
        { index: 1, text: 'other', tokenIds: [4], logprobs: [], promptTokenIds: [7, 8], finishReason: 'length' },
        { index: 0, text: '!', tokenIds: [3], logprobs: [-2], promptTokenIds: null, finishReason: 'stop' },
      ],
    });
    expect(record.whole()).toEqual({
      completionId: 'chatcmpl-1',
      choices: [
        {
          index: 0,
          text: 'a "b" {😀} \\!',
          promptTokenIds: [7, 8],
          tokenIds: [1, 2, 3],
          logprobs: [-0.5, -1e-5, -2],
          finishReason: 'stop',
        },
        { index: 1, text: 'other', promptTokenIds: [7, 8], tokenIds: [4], logprobs: null, finishReason: 'length' },
      ],
    });
  });

  it('is nothing for an answer that broke off or whose tokens are unknown', () => {
    const record = new AnswerRecord();
    const part = { index: 0, text: 'x', logprobs: [], promptTokenIds: [1] };
    record.add({ text: null, id: 'a', choices: [{ ...part, tokenIds: [1], finishReason: null }] });
    record.add({ text: null, id: 'a', choices: [{ ...part, index: 1, tokenIds: [], finishReason: 'stop' }] });
    record.add({ text: null, id: 'a', choices: [{ ...part, index: 2, tokenIds: [1], finishReason: 'abort' }] });
    expect(record.whole()).toEqual({ completionId: 'a', choices: [] });
  });

  it('reads the log-probs of a plain completion', () => {
    const text =
      '{"id":"cmpl-1","choices":[{"index":0,"text":"é","logprobs":{"text_offset":[0],"token_logprobs":[-0.25],"tokens":["é"],"top_logprobs":[{"é":-0.25}]},"finish_reason":"length","stop_reason":null,"token_ids":[9],"prompt_logprobs":null,"prompt_token_ids":[1,2]}],"usage":null}';
    const { choices } = readAnswer(latin1(text), VIEW);
    expect(choices).toEqual([
      { index: 0, text: 'é', tokenIds: [9], logprobs: [-0.25], promptTokenIds: [1, 2], finishReason: 'length' },
    ]);
  });
});

describe('a stream of events', () => {
  const stream = Buffer.from(': ping\n\ndata: {"a":"😀"}\n\ndata: {"drop":1}\n\ndata: [DONE]\n\n');
  const editor = (): EventStreamEditor =>
    new EventStreamEditor((text) => (text.includes('drop') ? null : text.replace('"a"', '"b"')));

  it('goes out line by line, edited, whatever its chunks', () => {
    for (let size = 1; size <= stream.length; size += 1) {
      const edit = editor();
      const out: Buffer[] = [];
      for (let from = 0; from < stream.length; from += size) out.push(edit.push(stream.subarray(from, from + size)));
      out.push(edit.end());
      expect(Buffer.concat(out).toString()).toBe(': ping\n\ndata: {"b":"😀"}\n\ndata: [DONE]\n\n');
    }
  });

  it('waits for no more than the end of a line', () => {
    const edit = editor();
    expect(edit.push(Buffer.from('data: {"a":1}\ndata')).toString()).toBe('data: {"b":1}\n');
    expect(edit.push(Buffer.from(': {}')).toString()).toBe('');
    expect(edit.end().toString()).toBe('data: {}');
  });
});

describe('a request for the server', () => {
  const chat = (body: object, temperature: number | null = null): unknown =>
    JSON.parse(bodyForServer('/v1/chat/completions', { model: 'm', ...body }, 'm@v1', temperature));

  it('is the client’s, unknown fields too, with what is asked for behind its back', () => {
    expect(chat({ messages: [], tools: [{}], any_thing: { x: 1 }, request_id: 'mine' })).toEqual({
      model: 'm@v1',
      messages: [],
      tools: [{}],
      any_thing: { x: 1 },
      logprobs: true,
      top_logprobs: 0,
      return_token_ids: true,
    });
  });

  it('keeps what the client wants of log-probs, right or wrong', () => {
    expect(chat({ logprobs: true, top_logprobs: 3 })).toMatchObject({ logprobs: true, top_logprobs: 3 });
    expect(chat({ top_logprobs: 3 })).not.toHaveProperty('logprobs');
    expect(JSON.parse(bodyForServer('/v1/completions', { logprobs: 2 }, 'm', null))).toMatchObject({ logprobs: 2 });
    expect(JSON.parse(bodyForServer('/v1/completions', { logprobs: null }, 'm', null))).toMatchObject({ logprobs: 0 });
    expect(showsLogprobs('/v1/completions', { logprobs: 0 })).toBe(true);
    expect(showsLogprobs('/v1/chat/completions', { logprobs: false })).toBe(false);
  });

  it('names the temperature where the client does not and it is known', () => {
    expect(chat({}, 0.6)).toMatchObject({ temperature: 0.6 });
    expect(chat({ temperature: 0 }, 0.6)).toMatchObject({ temperature: 0 });
    expect(chat({}, null)).not.toHaveProperty('temperature');
  });
});
