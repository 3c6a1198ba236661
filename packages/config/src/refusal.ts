// Why a document is not taken, with the place of the field that says so.
import type { Problem, Source } from '@meltemi/base';

import type { LocatedDocument } from './document.ts';
import { formatPath } from './field-path.ts';
import type { Path } from './schema.ts';

export function refusal(document: LocatedDocument, path: Path, code: string, message: string, hint?: string): Problem {
  const source: Source = path.length > 0 ? document.locate(path) : document.source;
  const problem: Problem = { severity: 'error', code, message, source, path: formatPath(path) };
  return hint === undefined ? problem : { ...problem, hint };
}
