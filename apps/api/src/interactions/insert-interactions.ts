import { sql } from 'drizzle-orm';
import type { Orm } from '../database/database.js';
import type { Interaction } from './interaction.js';

/**
 * Writes answers in one statement; those that are there already stay as they are. A list for each column: a parameter
 * for each value costs the process twice the time, and answers are what it writes most.
 */
export async function insertInteractions(orm: Orm, batch: readonly Interaction[]): Promise<void> {
  const list = (valueOf: (interaction: Interaction) => unknown) => sql.param(batch.map(valueOf));
  const jsonList = (valueOf: (interaction: Interaction) => unknown) =>
    list((interaction) => JSON.stringify(valueOf(interaction)));
  await orm.execute(sql`
    insert into interactions (
      completion_id, lora_id, version, conversation, template_options, prompt_token_ids, response_token_ids,
      sampling_logprobs, temperature, text, created_at
    )
    select
      completion_id, lora_id, version, conversation::json, template_options::json, prompt_token_ids::json,
      response_token_ids::json, sampling_logprobs::json, temperature, answer::json, created_at
    from unnest(
      ${list(({ completionId }) => completionId)}::text[],
      ${list(({ loraId }) => loraId)}::text[],
      ${list(({ version }) => version)}::integer[],
      ${jsonList(({ conversation }) => conversation)}::text[],
      ${jsonList(({ templateOptions }) => templateOptions)}::text[],
      ${jsonList(({ promptTokenIds }) => promptTokenIds)}::text[],
      ${jsonList(({ responseTokenIds }) => responseTokenIds)}::text[],
      ${jsonList(({ samplingLogprobs }) => samplingLogprobs ?? [])}::text[],
      ${list(({ temperature }) => temperature)}::double precision[],
      ${jsonList(({ text }) => text)}::text[],
      ${list(({ createdAt }) => createdAt.toISOString())}::timestamptz[]
    ) as answers (
      completion_id, lora_id, version, conversation, template_options, prompt_token_ids, response_token_ids,
      sampling_logprobs, temperature, answer, created_at
    )
    on conflict do nothing`);
}
