import { defineConfig } from 'drizzle-kit';

/** `npx drizzle-kit generate` writes the next migration from the difference between the schema and the last snapshot. */
export default defineConfig({ dialect: 'postgresql', schema: './src/database/schema.ts', out: './migrations' });
