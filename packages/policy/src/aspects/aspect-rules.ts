// The rules of a subject, as Istio 0.1 wrote them → objects in the form of 0.2.
import { hash } from 'node:crypto';

import type { Problem } from '@meltemi/base';
import type { LocatedDocument } from '@meltemi/config';

import { documentReader } from '../adapters/document-reader.ts';
import type { Fields, SpecReader } from '../adapters/spec-reader.ts';

import { adapterOf, ASPECT_KINDS, type AspectAdapter } from './aspect-adapters.ts';
import { CONVERSIONS } from './convert-aspect.ts';

/** Whose rules: of a scope, for the services that a subject names. */
export interface AspectSubject {
  readonly scope: string;
  /** `global`, or a service's host, or what hosts end with. */
  readonly subject: string;
}

export interface ConvertedObject {
  readonly kind: string;
  readonly name: string;
  readonly spec: Fields;
}

export interface ConvertedRules {
  /** Handlers and instances before the rules that name them. */
  readonly objects: readonly ConvertedObject[];
  readonly problems: readonly Problem[];
}

export interface AspectWorld {
  readonly adapters: readonly AspectAdapter[];
  /** Of the objects. */
  readonly namespace: string;
}

const GLOBAL = 'global';
const RULE_FIELDS = ['selector', 'aspects', 'rules'];

/** What its objects' names begin with. */
export function subjectName({ scope, subject }: AspectSubject): string {
  return `aspects-${hash('sha256', `${scope}/${subject}`, 'hex').slice(0, 10)}`;
}

export function convertRules(document: LocatedDocument, of: AspectSubject, world: AspectWorld): ConvertedRules {
  const problems: Problem[] = [];
  const file = documentReader(document, problems);
  file.only(['subject', 'revision', 'rules']);
  const objects: ConvertedObject[] = [];
  const add = (rules: readonly SpecReader[], conditions: readonly string[]): void => {
    for (const rule of rules) {
      rule.only(RULE_FIELDS);
      const selector = rule.text('selector').trim();
      const all = selector === '' ? conditions : [...conditions, selector];
      for (const aspect of rule.objects('aspects'))
        objects.push(...convertAspect(aspect, all, of, objects.length, world));
      add(rule.objects('rules'), all);
    }
  };
  add(file.objects('rules'), subjectCondition(of));
  return { objects, problems };
}

/** An aspect becomes a handler, instances, and a rule that joins them. */
function convertAspect(
  aspect: SpecReader,
  conditions: readonly string[],
  of: AspectSubject,
  index: number,
  { adapters, namespace }: AspectWorld,
): readonly ConvertedObject[] {
  aspect.only(['kind', 'adapter', 'params', 'inputs']);
  if (!aspect.has('kind')) aspect.refuse('kind', 'is required');
  const kind = aspect.oneOf('kind', ASPECT_KINDS);
  const adapter = adapterOf(adapters, kind, aspect.text('adapter', 'default'));
  if (!adapter) {
    aspect.refuse('adapter', `names no adapter of kind ${kind} that is there`);
    return [];
  }
  const name = `${subjectName(of)}-${index}`;
  const instanceName = (own: string, at: number) => [own, at === 0 ? name : `${name}-${at}`].filter(Boolean).join('.');
  const quotas: string[] = [];
  const converted = CONVERSIONS[kind](aspect.object('params'), adapter, (quota) => {
    quotas.push(quota);
    return `${instanceName(quota, quotas.length - 1)}.quota.${namespace}`;
  });
  const instances = converted.instances.map((each, at) => ({ ...each, name: instanceName(each.name, at) }));
  const { handler } = converted;
  const action = {
    handler: `${name}.${handler.kind}.${namespace}`,
    instances: instances.map((each) => `${each.name}.${each.kind}.${namespace}`),
  };
  const match = conditions.length === 1 ? conditions[0]! : conditions.map((each) => `(${each})`).join(' && ');
  return [
    { ...handler, name },
    ...instances,
    { kind: 'rule', name, spec: { ...(match !== '' && { match }), actions: [action] } },
  ];
}

function subjectCondition({ subject }: AspectSubject): readonly string[] {
  if (subject === GLOBAL) return [];
  const ends = JSON.stringify(`.${subject}`);
  return [`destination.service == ${JSON.stringify(subject)} || destination.service.endsWith(${ends})`];
}
