CREATE TABLE "accelerator_leases" (
	"name" text PRIMARY KEY NOT NULL,
	"token" bigint NOT NULL,
	"last_lora_id" text
);
--> statement-breakpoint
CREATE TABLE "replicas" (
	"id" text PRIMARY KEY NOT NULL,
	"seen" bigint NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "served_adapters" (
	"lora_id" text PRIMARY KEY NOT NULL,
	"version" integer,
	"change" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "serving_states" (
	"name" text PRIMARY KEY NOT NULL,
	"power" text NOT NULL,
	"sleep_level" integer,
	"change" bigint NOT NULL,
	CONSTRAINT "serving_states_power_known" CHECK (power in ('awake', 'step', 'kept_asleep'))
);
--> statement-breakpoint
CREATE INDEX "served_adapters_by_change" ON "served_adapters" USING btree ("change");--> statement-breakpoint
INSERT INTO "accelerator_leases" ("name", "token") VALUES ('accelerator', 0);--> statement-breakpoint
INSERT INTO "serving_states" ("name", "power", "change") VALUES ('server', 'awake', 0);
