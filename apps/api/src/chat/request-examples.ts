const CONVERSATION = [{ role: 'user', content: 'What is your name?' }];

/** Request bodies of the explorer; they run as they stand once the first example of POST /v1/lora/init has. */
export const CHAT_EXAMPLES = {
  plain: {
    summary: 'Ask an adapter',
    value: { model: 'user/my-lora', messages: CONVERSATION, max_completion_tokens: 64 },
  },
  reproducible: {
    summary: 'The likeliest answer, with log-probs and token ids',
    value: {
      model: 'user/my-lora',
      messages: CONVERSATION,
      temperature: 0,
      max_completion_tokens: 64,
      logprobs: true,
      top_logprobs: 3,
      return_token_ids: true,
    },
  },
  stream: {
    summary: 'The base model, streamed',
    value: {
      model: 'clay-tiny',
      messages: [{ role: 'system', content: 'Be brief.' }, ...CONVERSATION],
      stream: true,
      stream_options: { include_usage: true },
    },
  },
};

export const COMPLETION_EXAMPLES = {
  plain: {
    summary: 'Go on from a text',
    value: { model: 'user/my-lora', prompt: 'Once upon a time', max_tokens: 16, temperature: 0.7, seed: 7 },
  },
};

export const SCORE_EXAMPLES = {
  plain: {
    summary: 'Score an answer',
    value: { model: 'user/my-lora', messages: CONVERSATION, completion: 'My name is Clay.' },
  },
};
