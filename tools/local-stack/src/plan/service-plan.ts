export type ServiceName = 'vllm' | 'api' | 'gateway';

/** How one looks whether a service is up. */
export interface HealthLook {
  readonly kind: ServiceName;
  /** Without a slash at its end; null: it is up when its process is. */
  readonly url: string | null;
}

/** One process of the stack, before it runs. */
export interface ServicePlan {
  readonly name: ServiceName;
  readonly command: readonly string[];
  readonly workingDirectory: string;
  /** Besides the environment of the stack itself. */
  readonly env: Readonly<Record<string, string>>;
  /** Ports of this machine that it takes. */
  readonly ports: readonly number[];
  readonly health: HealthLook;
  readonly startLimitMs: number;
}

export interface AdapterPlan {
  readonly id: string;
  /** The body of POST /v1/lora/init. */
  readonly request: Readonly<Record<string, unknown>>;
}

/** All that a start would do. */
export interface StackPlan {
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly apiUrl: string;
  /** In the order of their start. */
  readonly services: readonly ServicePlan[];
  readonly adapters: readonly AdapterPlan[];
}
