// The resources of policy → rules whose actions are ready to run, and what is wrong with the others.
import type { Problem } from '@meltemi/base';

import type { Handler, TemplateName } from '../adapters/adapter.ts';
import { type AdapterWorld, createHandler, isAdapter } from '../adapters/create-handler.ts';
import { SpecReader } from '../adapters/spec-reader.ts';
import type { AttributeReader } from '../attributes/attribute-bag.ts';
import type { Vocabulary } from '../attributes/vocabulary.ts';

import type { HandlerStore } from './handler-store.ts';
import { compileField, type InstanceBuilder, instanceBuilder, isTemplate } from './instance.ts';
import { type PolicyResource, qualifiedName, reportInto, specReader } from './policy-resource.ts';

/** One instance for one handler. */
export interface Action {
  readonly handlerName: string;
  readonly handler: Handler;
  readonly instanceName: string;
  readonly template: TemplateName;
  readonly build: InstanceBuilder;
}

export interface Rule {
  readonly namespace: string;
  readonly name: string;
  /** Throws ExpressionError EVALUATION. */
  readonly matches: (attributes: AttributeReader) => boolean;
  readonly actions: readonly Action[];
}

export interface Policy {
  readonly rules: readonly Rule[];
  readonly problems: readonly Problem[];
}

type NamedHandler = Pick<Action, 'handlerName' | 'handler'>;
type NamedInstance = Pick<Action, 'instanceName' | 'template' | 'build'>;

/**
 * A resource with errors is left out, and the actions that name it with it; the others stay. Handlers come from `kept`
 * where it has them, with their counts.
 */
export function compilePolicy(
  resources: readonly PolicyResource[],
  vocabulary: Vocabulary,
  world: AdapterWorld,
  kept?: HandlerStore,
): Policy {
  const problems: Problem[] = [];
  const handlers = byName(resources, (resource) => readHandler(resource, world, problems, kept));
  const instances = byName(resources, (resource) => readInstance(resource, vocabulary, problems));
  const rules = resources
    .filter(({ kind }) => kind === 'rule')
    .flatMap((resource) => readRule(resource, { vocabulary, handlers, instances }, problems) ?? []);
  return { rules, problems };
}

function byName<Content>(
  resources: readonly PolicyResource[],
  read: (resource: PolicyResource) => Content | undefined,
): ReadonlyMap<string, Content> {
  const found = resources.flatMap((resource) => {
    const content = read(resource);
    return content === undefined ? [] : namesOf(resource).map((name): [string, Content] => [name, content]);
  });
  return new Map(found);
}

/** 1.0's `handler` and `instance` are also named without their kind. */
function namesOf(resource: PolicyResource): readonly string[] {
  const generic = resource.kind === 'handler' || resource.kind === 'instance';
  return [qualifiedName(resource), ...(generic ? [`${resource.name}.${resource.namespace}`] : [])];
}

function readHandler(
  resource: PolicyResource,
  world: AdapterWorld,
  problems: Problem[],
  kept?: HandlerStore,
): NamedHandler | undefined {
  const adapter = typeNamed(resource, 'handler', 'compiledAdapter', 'adapter');
  if (!isAdapter(adapter)) return undefined;
  const handlerName = qualifiedName(resource);
  const key = JSON.stringify([handlerName, adapter, resource.spec]);
  const known = kept?.find(key);
  if (known) return { handlerName, handler: known };
  const found: Problem[] = [];
  const handler = createHandler(adapter, specReader(resource, reportInto(found, resource)), world);
  problems.push(...found);
  if (found.length === 0) kept?.keep(key, handler);
  else handler.close?.();
  return found.length > 0 ? undefined : { handlerName, handler };
}

function readInstance(
  resource: PolicyResource,
  vocabulary: Vocabulary,
  problems: Problem[],
): NamedInstance | undefined {
  const found: Problem[] = [];
  const template = typeNamed(resource, 'instance', 'compiledTemplate', 'template');
  if (!isTemplate(template)) return undefined;
  const instanceName = qualifiedName(resource);
  const spec = specReader(resource, reportInto(found, resource));
  const build = instanceBuilder(template, instanceName, spec, vocabulary);
  problems.push(...found);
  return found.length > 0 ? undefined : { instanceName, template, build };
}

/** 0.2 has a kind for each adapter and template; 1.0 names them in a field. */
function typeNamed(resource: PolicyResource, generic: string, ...fields: readonly string[]): string {
  if (resource.kind !== generic) return resource.kind;
  const name = fields.map((field) => resource.spec[field]).find((value) => typeof value === 'string');
  return name ?? generic;
}

interface RuleWorld {
  readonly vocabulary: Vocabulary;
  readonly handlers: ReadonlyMap<string, NamedHandler>;
  readonly instances: ReadonlyMap<string, NamedInstance>;
}

function readRule(resource: PolicyResource, world: RuleWorld, problems: Problem[]): Rule | undefined {
  const { namespace, name } = resource;
  const report = reportInto(problems, resource);
  const spec = new SpecReader(resource.spec, report);
  const text = spec.text('match').trim();
  const match = compileField(spec, 'match', text, world.vocabulary);
  if (match && match.type !== 'BOOL') spec.refuse('match', `has type ${match.type}, and must have type BOOL`);
  if (text !== '' && match?.type !== 'BOOL') return undefined;
  const actions = spec.objects('actions').flatMap((action) => readAction(action, namespace, world));
  return { namespace, name, actions, matches: match ? (bag) => match.evaluate(bag) === true : () => true };
}

function readAction(spec: SpecReader, namespace: string, { handlers, instances }: RuleWorld): readonly Action[] {
  const handler = find(handlers, spec.text('handler'), namespace);
  if (!handler) {
    spec.refuse('handler', `names no handler that is there: ${JSON.stringify(spec.text('handler'))}`);
    return [];
  }
  return spec.texts('instances').flatMap((name, index) => {
    const instance = find(instances, name, namespace);
    const served = instance && handler.handler.templates.includes(instance.template);
    if (served) return { ...handler, ...instance };
    const why = instance ? `is of template ${instance.template}, which the handler does not serve` : 'is not there';
    spec.refuse(`instances[${index}]`, `${JSON.stringify(name)} ${why}`);
    return [];
  });
}

function find<Content>(all: ReadonlyMap<string, Content>, name: string, namespace: string): Content | undefined {
  return all.get(name) ?? all.get(`${name}.${namespace}`);
}
