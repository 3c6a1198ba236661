// A located document that is no object of Kubernetes → a reader of its fields, and the problems that it collects.
import type { Problem } from '@meltemi/base';
import { CODE, type LocatedDocument } from '@meltemi/config';

import { isFields, SpecReader } from './spec-reader.ts';

export function documentReader(document: LocatedDocument, problems: Problem[]): SpecReader {
  const report = (field: string, message: string): void => {
    const path = field.replace(/^\./, '');
    const source = document.locate(path.split(/[.[\]]+/).filter((step) => step !== ''));
    problems.push({ severity: 'error', code: CODE.badValue, message: `${path} ${message}`, path, source });
  };
  return new SpecReader(isFields(document.value) ? document.value : {}, report, '');
}
