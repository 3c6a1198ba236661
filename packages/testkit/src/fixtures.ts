// Finds the folders of recorded cases that tests replay; they are not part of the project.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = process.env['MELTEMI_FIXTURES'] ?? join(import.meta.dirname, '../../../../shared/fixtures');

/** The folder of one set of cases, or undefined on a machine without it: such tests are skipped with a reason. */
export function fixtureFolder(name: string): string | undefined {
  const folder = join(FOLDER, name);
  return existsSync(folder) ? folder : undefined;
}
