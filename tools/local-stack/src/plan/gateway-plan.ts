import type { StackSettings } from '../settings/read-settings.js';
import type { StackFile } from '../settings/stack-file.js';
import { apiUrl } from './places.js';
import type { ServicePlan } from './service-plan.js';

type GatewayFile = NonNullable<StackFile['gateway']>;

/** Whatever brings people to the API: OpenClaw's gateway, for example. */
export function gatewayPlan(settings: StackSettings, gateway: GatewayFile): ServicePlan {
  const { dotEnv, file, workingDirectory } = settings;
  const url = gateway.url?.replace(/\/+$/, '') ?? null;
  const port = url === null ? NaN : Number(new URL(url).port);
  return {
    name: 'gateway',
    command: gateway.command,
    workingDirectory,
    env: { ...dotEnv, CLAAS_URL: apiUrl(settings), ...gateway.env },
    ports: port > 0 ? [port] : [],
    health: { kind: 'gateway', url },
    startLimitMs: file.limits.gateway_start_s * 1000,
  };
}
