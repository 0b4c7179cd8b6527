/** Of this machine's environment, what the service on Modal is told. Secrets among it become a Modal Secret. */
const HANDED_ON = /^(CLAAS_|FEEDBACK_|HF_|MODAL_(TOKEN_ID|TOKEN_SECRET|ENVIRONMENT|SERVER_URL|CONFIG_PATH)$)/;
/** What is about this machine. */
const OF_THIS_MACHINE = /^CLAAS_(URL|API_KEY|API_HOST|API_PORT|DATA_DIR|LORA_ROOT|CACHE_DIR|LIBTENSORFLOW.*)$/;

/** The service can't run with these settings. */
export class ServiceSettingsError extends Error {}

/** @throws ServiceSettingsError that names what is missing */
export function serviceSettings(
  environment: Readonly<Record<string, string | undefined>>,
  { port, image, app, isEphemeral }: { port: number; image: string; app: string; isEphemeral: boolean },
): Record<string, string> {
  const handedOn = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && entry[1] !== '' && HANDED_ON.test(entry[0]) && !OF_THIS_MACHINE.test(entry[0]),
  );
  const settings: Record<string, string> = {
    CLAAS_DISTILL_EXECUTION_MODE: 'modal',
    CLAAS_MODAL_IMAGE: image,
    CLAAS_MODAL_APP: app,
    ...Object.fromEntries(handedOn),
    CLAAS_API_HOST: '0.0.0.0',
    CLAAS_API_PORT: String(port),
    CLAAS_DATA_DIR: '/tmp/claas-data',
    FEEDBACK_LOG_DIR: '/tmp/claas-data/feedback_logs',
  };
  if (settings['CLAAS_DISTILL_EXECUTION_MODE'] === 'modal') {
    const missing = ['MODAL_TOKEN_ID', 'MODAL_TOKEN_SECRET'].filter((name) => settings[name] === undefined);
    if (missing.length > 0) {
      throw new ServiceSettingsError(`${missing.join(' and ')} must be set: the service rents its trainer with it.`);
    }
  }
  if (settings['CLAAS_DATABASE_URL'] === undefined && !isEphemeral) {
    throw new ServiceSettingsError(
      'CLAAS_DATABASE_URL is not set: a Sandbox lives for a day at most, and its embedded database would end with it, accepted feedback included. Set it to a PostgreSQL, or give --ephemeral to try without.',
    );
  }
  return settings;
}
