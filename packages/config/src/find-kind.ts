// What an object says of its kind → the kind, or a problem with what was probably meant.
import { didYouMean, type Problem } from '@meltemi/base';

import type { LocatedDocument } from './document.ts';
import { type Kind, kindOf, KINDS, splitApiVersion } from './kinds.ts';
import { CODE } from './problem-code.ts';
import { refusal } from './refusal.ts';

/** `kind` and `apiVersion` of an object → the kind that is meant, or what is wrong with them. */
export function findKind(document: LocatedDocument, value: Readonly<Record<string, unknown>>): Kind | Problem {
  const { kind, apiVersion } = value;
  if (typeof kind !== 'string') return refusal(document, ['kind'], CODE.missing, 'the object has no "kind"');
  const byName = KINDS.find((known) => known.kind === kind);
  // Rules of Istio 0.2 were often written without an apiVersion.
  if (apiVersion === undefined && byName?.legacy) return byName;
  if (typeof apiVersion !== 'string')
    return refusal(document, ['apiVersion'], CODE.missing, 'the object has no "apiVersion"');
  return kindOf(apiVersion, kind) ?? unknownKind(document, apiVersion, kind);
}

function unknownKind(document: LocatedDocument, apiVersion: string, kind: string): Problem {
  const { group, version } = splitApiVersion(apiVersion);
  const kinds = KINDS.filter((known) => known.groups.includes(group));
  const sameKind = kinds.find((known) => known.kind === kind);
  if (sameKind) {
    const meant = `${group ? `${group}/` : ''}${sameKind.versions[0]}`;
    return refusal(
      document,
      ['apiVersion'],
      CODE.unknownKind,
      `${kind} has no version "${version}"`,
      `did you mean "${meant}"?`,
    );
  }
  const meant = didYouMean(
    kind,
    kinds.map((known) => known.kind),
  );
  if (meant && group !== '') {
    return refusal(
      document,
      ['kind'],
      CODE.unknownKind,
      `unknown kind "${kind}" in ${apiVersion}`,
      `did you mean "${meant}"?`,
    );
  }
  const home = KINDS.find((known) => known.kind === kind && known.ours) ?? nearMissOfGroup(group, kind);
  if (home) {
    const hint = `did you mean "${home.groups[0]}/${home.versions[0]}"?`;
    return refusal(document, ['apiVersion'], CODE.unknownKind, `there is no ${kind} in "${apiVersion}"`, hint);
  }
  if (kinds.some((known) => known.ours)) {
    return refusal(document, ['kind'], CODE.unknownKind, `unknown kind "${kind}" in ${apiVersion}`);
  }
  return unread(document, apiVersion, kind);
}

function unread(document: LocatedDocument, apiVersion: string, kind: string): Problem {
  const source = document.locate(['kind']);
  const message = `${apiVersion} ${kind} is not read by the mesh`;
  return { severity: 'info', code: CODE.unknownKind, message, source, path: 'kind' };
}

/** A kind that we know, under a group that is misspelt. */
function nearMissOfGroup(group: string, kind: string): Kind | undefined {
  return KINDS.find(
    (known) =>
      known.kind === kind &&
      didYouMean(
        group,
        known.groups.filter((name) => name !== ''),
      ) !== undefined,
  );
}
