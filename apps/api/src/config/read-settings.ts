import { validateSync } from 'class-validator';
import { resolve } from 'node:path';
import { placeBaseModel } from './base-model-name.js';
import { ENVIRONMENT_SECTIONS, type ServiceEnvironment } from './environment-sections.js';
import { findLoraRoot } from './lora-root.js';
import { modalProblems, readModalSettings } from './modal-settings.js';
import { parseSetting } from './parse-setting.js';
import { settingDescriptions, settingsOf } from './setting.js';
import type { CommonSettings, Settings } from './settings.js';
import { SettingsError, type SettingProblem } from './settings-error.js';
import { readTinkerSettings, tinkerProblems } from './tinker-settings.js';
import { unknownSettingWarnings } from './unknown-settings.js';
import { readTeacherSettings, readVllmSettings } from './vllm-settings.js';
import { vllmProblems, vllmWarnings } from './vllm-combinations.js';

export interface SettingsReading {
  readonly settings: Settings;
  readonly environment: ServiceEnvironment;
  /** To be logged once there is a log. */
  readonly warnings: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Settings from `variables` (the environment over .env); relative paths are relative to `workingDirectory`.
 * @throws SettingsError that names every wrong setting at once
 */
export function readSettings(variables: Variables, workingDirectory: string): SettingsReading {
  const environment = parseEnvironment(variables);
  const baseModelSetting =
    environment.CLAAS_DISTILL_EXECUTION_MODE === 'tinker' ? 'CLAAS_TINKER_BASE_MODEL' : 'CLAAS_BASE_MODEL_ID';
  const baseModel = placeBaseModel(environment[baseModelSetting], workingDirectory);
  const problems = [
    ...findProblems(environment, variables),
    ...vllmProblems(environment),
    ...modalProblems(environment),
    ...tinkerProblems(environment),
  ];
  if (baseModel === null && !problems.some(({ name }) => name === baseModelSetting)) {
    problems.push(describeProblem(baseModelSetting, variables));
  }
  if (problems.length > 0 || baseModel === null) throw new SettingsError(problems);

  const dataDirectory = resolve(workingDirectory, environment.CLAAS_DATA_DIR);
  const loraRoot = findLoraRoot(environment.CLAAS_LORA_ROOT, dataDirectory, workingDirectory);
  const common: CommonSettings = {
    host: environment.CLAAS_API_HOST,
    port: environment.CLAAS_API_PORT,
    dataDirectory,
    loraRoot: loraRoot.directory,
    databaseUrl: environment.CLAAS_DATABASE_URL,
    keepVersions: environment.CLAAS_KEEP_VERSIONS,
    logLevel: environment.CLAAS_LOG_LEVEL,
    maxRequestBytes: environment.CLAAS_MAX_REQUEST_BYTES,
    maxArchiveBytes: environment.CLAAS_MAX_ARCHIVE_BYTES,
    maxUnpackedBytes: environment.CLAAS_MAX_UNPACKED_BYTES,
    shutdownTimeoutMs: environment.CLAAS_SHUTDOWN_TIMEOUT_S * 1000,
    baseModel: {
      id: environment[baseModelSetting],
      ...baseModel,
      allowed: environment.CLAAS_ALLOWED_INIT_BASE_MODELS ?? [baseModel.name],
    },
    feedback: {
      logDirectory: resolve(workingDirectory, environment.FEEDBACK_LOG_DIR),
      lockTimeoutMs: environment.FEEDBACK_LOCK_TIMEOUT_S * 1000,
      drainTimeoutMs: environment.FEEDBACK_DRAIN_TIMEOUT_S * 1000,
    },
  };
  const warnings = [...unknownSettingWarnings(variables), ...vllmWarnings(environment, variables)];
  if (loraRoot.note !== null) warnings.push(loraRoot.note);
  return { settings: withMode(environment, variables, common), environment, warnings };
}

function withMode(environment: ServiceEnvironment, variables: Variables, common: CommonSettings): Settings {
  switch (environment.CLAAS_DISTILL_EXECUTION_MODE) {
    case 'local':
      return {
        mode: 'local',
        ...common,
        trainer: {
          environment: { ...variables, CLAAS_TENSOR_BACKEND: environment.CLAAS_TENSOR_BACKEND },
          noProgressTimeoutMs: environment.CLAAS_TRAINER_NO_PROGRESS_TIMEOUT_S * 1000,
          idleTimeoutMs:
            environment.CLAAS_TRAINER_IDLE_TIMEOUT_S === 0 ? null : environment.CLAAS_TRAINER_IDLE_TIMEOUT_S * 1000,
        },
        vllm: readVllmSettings(environment),
        teacher: readTeacherSettings(environment),
      };
    case 'modal':
      return readModalSettings(environment, common);
    case 'tinker':
      return readTinkerSettings(environment, variables, common);
  }
}

function parseEnvironment(variables: Variables): ServiceEnvironment {
  const sections = ENVIRONMENT_SECTIONS.map((Section) => {
    const section = new Section();
    for (const name of settingsOf(Section.prototype)) {
      Object.assign(section, { [name]: parseSetting(variables[name], settingDescriptions().get(name)!) });
    }
    return section;
  });
  return Object.assign({}, ...sections) as ServiceEnvironment;
}

function findProblems(environment: ServiceEnvironment, variables: Variables): SettingProblem[] {
  return ENVIRONMENT_SECTIONS.flatMap((Section) => {
    const section = new Section();
    for (const name of settingsOf(Section.prototype)) {
      Object.assign(section, { [name]: environment[name as keyof ServiceEnvironment] });
    }
    return validateSync(section);
  }).map(({ property }) => describeProblem(property, variables));
}

function describeProblem(name: string, variables: Variables): SettingProblem {
  const description = settingDescriptions().get(name);
  const found =
    description?.secret === true ? 'a value that is something else' : JSON.stringify(variables[name]?.trim());
  return { name, message: `expected ${description?.expected ?? 'another value'}, found ${found}` };
}
