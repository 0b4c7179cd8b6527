import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  customType,
  doublePrecision,
  index,
  integer,
  json,
  pgTable,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import type { StoredError } from '../feedback/feedback-error.js';
import type { FeedbackRequest } from '../feedback/feedback-request.js';
import type { ServingOutcome, StepResult } from '../feedback/feedback-outcome.js';
import { FEEDBACK_STATES } from '../feedback/feedback-state.js';
import type { PhaseTimings } from '../feedback/phase-timings.js';
import { SERVING_POWERS } from '../replicas/serving-power.js';
import type { ChatTemplateOptions, ConversationMessage, Rollout } from '@claas/contracts';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });

const oneOf = (column: string, words: readonly string[]) =>
  sql.raw(`${column} in (${words.map((word) => `'${word}'`).join(', ')})`);

/** A JSON string: like `json`, but a text that happens to read as JSON ("123") stays a text. */
const jsonString = customType<{ data: string; driverData: string }>({
  dataType: () => 'json',
  toDriver: (value) => JSON.stringify(value),
});

/**
 * Text of users lies in `json` columns: unlike `text` and `jsonb`, they keep every string that JSON can carry,
 * also a NUL character or half of a surrogate pair.
 */
export const interactions = pgTable(
  'interactions',
  {
    completionId: text('completion_id').primaryKey(),
    /** The adapter that answered; null for the base model. */
    loraId: text('lora_id'),
    version: integer('version'),
    conversation: json('conversation').$type<readonly ConversationMessage[]>().notNull(),
    templateOptions: json('template_options').$type<ChatTemplateOptions>().notNull(),
    promptTokenIds: json('prompt_token_ids').$type<readonly number[]>().notNull(),
    responseTokenIds: json('response_token_ids').$type<readonly number[]>().notNull(),
    samplingLogprobs: json('sampling_logprobs').$type<readonly number[]>().notNull(),
    temperature: doublePrecision('temperature').notNull(),
    text: jsonString('text').notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [index('interactions_by_time').on(table.createdAt)],
);

/** One row for each accepted feedback, from acceptance to its final state. */
export const feedbacks = pgTable(
  'feedbacks',
  {
    /** Order of arrival. */
    sequence: bigint('sequence', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    requestId: text('request_id').notNull().unique(),
    idempotencyKey: text('idempotency_key').unique(),
    /** SHA-256 of the canonical body, to tell a repetition from another request under the same key. */
    bodyHash: text('body_hash').notNull(),
    requestedLoraId: text('requested_lora_id').notNull(),
    loraId: text('lora_id').notNull(),
    state: text('state', { enum: FEEDBACK_STATES }).notNull(),
    request: json('request').$type<FeedbackRequest>().notNull(),
    rollout: json('rollout').$type<Rollout>().notNull(),
    attempts: integer('attempts').notNull().default(0),
    parentVersion: integer('parent_version'),
    version: integer('version'),
    /** Of the step, written before the version is committed: what verification needs after a restart. */
    result: json('result').$type<StepResult>(),
    serving: json('serving').$type<ServingOutcome>().notNull(),
    timings: json('timings').$type<PhaseTimings>().notNull(),
    error: json('error').$type<StoredError>(),
    logPath: text('log_path'),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
    /** Null while something remains to be done. */
    finishedAt: moment('finished_at'),
  },
  (table) => [
    index('feedbacks_of_adapter').on(table.loraId, table.sequence),
    index('feedbacks_unfinished')
      .on(table.sequence)
      .where(sql`finished_at is null`),
    check('feedbacks_state_known', oneOf('state', FEEDBACK_STATES)),
  ],
);

/** What holds the accelerator for one process at a time: a number that goes up each time it is taken. */
export const acceleratorLeases = pgTable('accelerator_leases', {
  name: text('name').primaryKey(),
  token: bigint('token', { mode: 'number' }).notNull(),
  /** Whose turn was last, so that the next is somebody else's. */
  lastLoraId: text('last_lora_id'),
});

/** One row: whether requests are held back, and the number of the last change of it and of `served_adapters`. */
export const servingStates = pgTable(
  'serving_states',
  {
    name: text('name').primaryKey(),
    power: text('power', { enum: SERVING_POWERS }).notNull(),
    /** As the server was told; null while it is awake. */
    sleepLevel: integer('sleep_level').$type<1 | 2>(),
    change: bigint('change', { mode: 'number' }).notNull(),
  },
  () => [check('serving_states_power_known', oneOf('power', SERVING_POWERS))],
);

/** Which version of an adapter answers, in every process; null for an adapter that was removed. */
export const servedAdapters = pgTable(
  'served_adapters',
  {
    loraId: text('lora_id').primaryKey(),
    version: integer('version'),
    /** Of `serving_states`, when this was last told. */
    change: bigint('change', { mode: 'number' }).notNull(),
  },
  (table) => [index('served_adapters_by_change').on(table.change)],
);

/** The last change of what is served that each process has taken over. */
export const replicas = pgTable('replicas', {
  id: text('id').primaryKey(),
  seen: bigint('seen', { mode: 'number' }).notNull(),
  seenAt: moment('seen_at').notNull(),
});

export const schema = { interactions, feedbacks, acceleratorLeases, servingStates, servedAdapters, replicas };
