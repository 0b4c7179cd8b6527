/** Status codes of gRPC that mean something to us. */
export const GrpcStatus = {
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  unauthenticated: 16,
} as const;

/** The gRPC status of a failed call; null for anything else. */
export function grpcStatusOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null;
}
