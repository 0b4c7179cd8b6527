/** Request bodies of the explorer, in an order in which they run as they stand. */
export const INIT_EXAMPLES = {
  plain: { summary: 'With the defaults', value: { lora_id: 'user/my-lora' } },
  small: {
    summary: 'Small, of the attention’s queries and values alone, reproducible',
    value: { lora_id: 'user/small', lora_r: 8, lora_alpha: 16, target_modules: ['q_proj', 'k_proj', 'v_proj', 'o_proj'], seed: 7 },
  },
};

export const ROLLBACK_EXAMPLES = {
  plain: { summary: 'Back to the untrained version', value: { lora_id: 'user/my-lora', version: 0 } },
};
