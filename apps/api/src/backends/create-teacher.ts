import type { Teacher } from '@claas/contracts';
import { RemoteTeacher } from '@claas/vllm-control';
import type { TeacherSettings } from '../config/settings.js';

/** The remote teacher, where there is one. */
export function createTeacher(settings: TeacherSettings | null): Teacher | null {
  return settings === null ? null : new RemoteTeacher(settings);
}
