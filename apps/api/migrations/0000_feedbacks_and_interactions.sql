CREATE TABLE "feedbacks" (
	"sequence" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "feedbacks_sequence_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"request_id" text NOT NULL,
	"idempotency_key" text,
	"body_hash" text NOT NULL,
	"requested_lora_id" text NOT NULL,
	"lora_id" text NOT NULL,
	"state" text NOT NULL,
	"request" json NOT NULL,
	"rollout" json NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"parent_version" integer,
	"version" integer,
	"result" json,
	"serving" json NOT NULL,
	"timings" json NOT NULL,
	"error" json,
	"log_path" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "feedbacks_request_id_unique" UNIQUE("request_id"),
	CONSTRAINT "feedbacks_idempotency_key_unique" UNIQUE("idempotency_key"),
	CONSTRAINT "feedbacks_state_known" CHECK (state in ('queued', 'training', 'committed', 'published', 'verified', 'failed', 'rolled_back'))
);
--> statement-breakpoint
CREATE TABLE "interactions" (
	"completion_id" text PRIMARY KEY NOT NULL,
	"lora_id" text,
	"version" integer,
	"conversation" json NOT NULL,
	"template_options" json NOT NULL,
	"prompt_token_ids" json NOT NULL,
	"response_token_ids" json NOT NULL,
	"sampling_logprobs" json NOT NULL,
	"temperature" double precision NOT NULL,
	"text" json NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "feedbacks_of_adapter" ON "feedbacks" USING btree ("lora_id","sequence");--> statement-breakpoint
CREATE INDEX "feedbacks_unfinished" ON "feedbacks" USING btree ("sequence") WHERE finished_at is null;--> statement-breakpoint
CREATE INDEX "interactions_by_time" ON "interactions" USING btree ("created_at");