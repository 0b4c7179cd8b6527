/** A connection string that may be shown. */
export function withoutPassword(url: string): string {
  return url.replace(/:\/\/([^:@/]*):[^@]*@/, '://$1:***@');
}
