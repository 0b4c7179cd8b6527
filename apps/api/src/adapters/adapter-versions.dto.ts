import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import type { VersionManifest, VersionOrigin } from '@claas/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { toMetricsOnTheWire, StepMetricsOnTheWire } from '../feedback/metrics-mapper.js';

export class AdapterVersionDto {
  @ApiProperty({ description: 'Number of the version; never used again.', type: 'integer', example: 0 })
  version!: number;

  @ApiProperty({
    description: 'Version that it was made from; null for the first.',
    type: 'integer',
    nullable: true,
    example: null,
  })
  parent!: number | null;

  @ApiProperty({ description: 'Is this the head, which is served?', example: true })
  is_head!: boolean;

  @ApiProperty({ description: 'Why it exists.', enum: ['init', 'feedback', 'distill', 'import'], example: 'init' })
  origin!: VersionOrigin;

  @ApiProperty({
    description: 'Feedback that it learned from; null where there was none.',
    type: String,
    nullable: true,
    example: null,
  })
  feedback_id!: string | null;

  @ApiProperty({
    description: 'Seed of the untrained weights; null for every other origin.',
    type: 'integer',
    nullable: true,
    example: 7,
  })
  seed!: number | null;

  @ApiProperty({
    description: 'Numbers of its last optimizer step; null where there was none.',
    type: StepMetricsOnTheWire,
    nullable: true,
  })
  metrics!: StepMetricsOnTheWire | null;

  @ApiProperty({ description: 'Size of its files in bytes.', type: 'integer', example: 424242 })
  size_bytes!: number;

  @ApiProperty({ description: 'When it was made (UTC).', format: 'date-time', example: '2026-01-01T12:00:00.000Z' })
  created_at!: string;
}

export class AdapterVersionsDto {
  @ApiProperty({ description: 'Id of the adapter.', example: 'user/my-lora-init' })
  lora_id!: string;

  @ApiProperty({ description: 'Kept versions, newest first.', type: [AdapterVersionDto] })
  versions!: readonly AdapterVersionDto[];
}

export function toAdapterVersion(manifest: VersionManifest, head: number): OnTheWire<AdapterVersionDto> {
  return {
    version: manifest.version,
    parent: manifest.parent,
    is_head: manifest.version === head,
    origin: manifest.origin,
    feedback_id: manifest.feedbackId,
    seed: manifest.seed ?? null,
    metrics: manifest.metrics === null ? null : toMetricsOnTheWire(manifest.metrics),
    size_bytes: manifest.files.reduce((total, { bytes }) => total + bytes, 0),
    created_at: manifest.createdAt,
  };
}
