import type { AdapterId } from '@claas/contracts';

/** How far a version is on its way to the volume or from it. */
export interface TransferProgress {
  readonly direction: 'upload' | 'download';
  readonly loraId: AdapterId;
  readonly version: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

export type OnTransferProgress = (progress: TransferProgress) => void;

/** Adds up what has gone through. */
export function progressMeter(
  onProgress: OnTransferProgress,
  transfer: Omit<TransferProgress, 'bytes'>,
): (bytes: number) => void {
  let sum = 0;
  return (bytes) => {
    sum += bytes;
    onProgress({ ...transfer, bytes: sum });
  };
}
