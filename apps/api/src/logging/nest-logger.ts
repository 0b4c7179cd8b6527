import type { LoggerService } from '@nestjs/common';
import type { Level, Logger } from 'pino';

/** Nest's own voices while it starts. Whatever keeps it from starting is thrown as well, and told once. */
const FRAMEWORK = [
  'ExceptionHandler',
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
  'ShutdownHooks',
];

/** Nest's logger in front of the service's log. An object as the message gives its fields. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(isFramework(rest) ? 'debug' : 'info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write(isFramework(rest) ? 'debug' : 'error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  /** Nest appends the context as the last argument; what comes before it are a stack or further objects. */
  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
    const errors = [message, ...rest].filter((value) => value instanceof Error);
    const fields = { context, ...(errors.length > 0 && { err: errors[0] }) };
    if (message instanceof Error) this.logger[level](fields, message.name);
    else if (typeof message === 'object' && message !== null) this.logger[level]({ ...fields, ...message });
    else this.logger[level](fields, String(message));
  }
}

function isFramework(rest: readonly unknown[]): boolean {
  return FRAMEWORK.includes(String(rest.at(-1)));
}
