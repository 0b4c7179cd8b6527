import { maskCommand, maskVariables } from './mask-secrets.js';
import type { ServicePlan, StackPlan } from './service-plan.js';

/** The plan for programs, secrets masked. */
export function planForPrograms(plan: StackPlan): object {
  return {
    data_dir: plan.dataDirectory,
    log_file: plan.logFile,
    api_url: plan.apiUrl,
    services: plan.services.map((service) => ({
      name: service.name,
      command: maskCommand(service.command),
      working_directory: service.workingDirectory,
      env: maskVariables(service.env),
      ports: service.ports,
      health: healthLook(service),
      start_limit_s: service.startLimitMs / 1000,
    })),
    adapters: plan.adapters.map(({ request }) => request),
  };
}

/** The plan for people, secrets masked. */
export function describePlan(plan: StackPlan): string {
  const services = plan.services.map((service, index) => describeService(service, index + 1));
  const adapters = plan.adapters.map(({ id, request }) => {
    const rest = Object.entries(request).filter(([key]) => key !== 'lora_id');
    return `   ${id} ${rest.map(([key, value]) => `${key}=${String(value)}`).join(' ')}`.trimEnd();
  });
  return [
    'This is what a start would do; nothing was started.',
    '',
    `data   ${plan.dataDirectory}`,
    `log    ${plan.logFile}`,
    '',
    ...services,
    ...(adapters.length === 0 ? [] : ['Adapters, made when they are missing and the API is up:', ...adapters, '']),
    `The API would be at ${plan.apiUrl}.`,
  ].join('\n');
}

function describeService(service: ServicePlan, number: number): string {
  const env = Object.entries(maskVariables(service.env)).map(([name, value]) => `${name}=${shellWord(value)}`);
  return [
    `${number}. ${service.name}`,
    `   command  ${maskCommand(service.command).map(shellWord).join(' ')}`,
    `   folder   ${service.workingDirectory}`,
    `   ports    ${service.ports.length === 0 ? 'none that is known' : service.ports.join(', ')}`,
    ...env.map((line, index) => `   ${index === 0 ? 'env     ' : '        '} ${line}`),
    `   ready    ${healthLook(service)}, within ${service.startLimitMs / 1000} s`,
    '',
  ].join('\n');
}

function healthLook({ health: { kind, url } }: ServicePlan): string {
  if (url === null) return 'when its process has started';
  switch (kind) {
    case 'vllm':
      return `when ${url}/health answers 200, asleep or not`;
    case 'api':
      return `when ${url}/readyz answers 200`;
    case 'gateway':
      return `when ${url} answers`;
  }
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
