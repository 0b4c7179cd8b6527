import type { Teacher } from '@claas/contracts';
import type { TeacherSettings } from '../config/settings.js';

/** The remote teacher, where there is one; its client is loaded only then. */
export async function createTeacher(settings: TeacherSettings | null): Promise<Teacher | null> {
  if (settings === null) return null;
  const { RemoteTeacher } = await import('@claas/vllm-control');
  return new RemoteTeacher(settings);
}
