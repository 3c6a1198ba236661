// Mixer's configuration → the part of it by which a sidecar lets requests through itself, if it can.
import { hash } from 'node:crypto';
import { type ConfigView, type KindName, type LocatedResource, MIXER_KINDS } from '@meltemi/config';
import type { MixerPolicyInput, PolicyResourceInput } from './mixer-filter-input.ts';

/** Adapters and templates that let requests through or not, and that sidecars have. */
const CHECKS: ReadonlySet<string> = new Set(['denier', 'listchecker', 'noop', 'checknothing', 'listentry']);
/** Those that only count or tell. */
const OTHERS: ReadonlySet<string> = new Set(
  (
    'memquota redisquota quota prometheus statsd stdio fluentd stackdriver circonus ' +
    'cloudwatch dogstatsd signalfx solarwinds metric logentry reportnothing tracespan edge'
  ).split(' '),
);
/** They say nothing of rules. */
const APART: ReadonlySet<string> = new Set(
  'rule attributemanifest HTTPAPISpec HTTPAPISpecBinding QuotaSpec QuotaSpecBinding'.split(' '),
);

/** Undefined: there are adapters that only Mixer has, so Mixer is asked. */
export function mixerPolicy(config: ConfigView, configNamespace: string): MixerPolicyInput | undefined {
  const parts = MIXER_KINDS.filter(({ kind }) => !APART.has(kind)).flatMap(({ kind }) => objects(config, kind));
  if (!parts.every((part) => CHECKS.has(typeOf(part)) || OTHERS.has(typeOf(part)))) return undefined;
  const others = new Set(parts.filter((part) => OTHERS.has(typeOf(part))).flatMap(namesOf));
  const rules = objects(config, 'rule').flatMap((rule) => withChecksOnly(rule, others));
  const checks = parts.filter((part) => CHECKS.has(typeOf(part)));
  return { configNamespace, manifest: manifestOf(config), resources: [...rules, ...checks].map(resourceInput) };
}

/** Of all that Mixer is configured by. */
export function mixerRulesVersion(config: ConfigView): string {
  const resources = MIXER_KINDS.flatMap(({ kind }) => objects(config, kind)).map(resourceInput);
  return hash('sha256', JSON.stringify(resources), 'base64url');
}

type Part = LocatedResource<Readonly<Record<string, unknown>>>;

function objects(config: ConfigView, kind: string): readonly Part[] {
  return config.objects(kind as KindName) as readonly unknown[] as readonly Part[];
}

/** 0.2 has a kind for each adapter and template; 1.0 names them in a field. */
function typeOf({ kind, spec }: Part): string {
  if (kind !== 'handler' && kind !== 'instance') return kind;
  const fields = kind === 'handler' ? ['compiledAdapter', 'adapter'] : ['compiledTemplate', 'template'];
  const names = fields.map((field) => spec?.[field]).filter((value) => typeof value === 'string');
  return names.find((name) => name !== '') ?? kind;
}

function namesOf({ kind, metadata: { name, namespace } }: Part): readonly string[] {
  const short = kind === 'handler' || kind === 'instance' ? [`${name}.${namespace}`] : [];
  return [`${name}.${kind}.${namespace}`, ...short];
}

interface Action {
  readonly handler?: string;
  readonly instances?: readonly string[];
}

/** What a rule does otherwise is Mixer's to do. */
function withChecksOnly(rule: Part, others: ReadonlySet<string>): readonly Part[] {
  const isOther = (name: string) => others.has(name) || others.has(`${name}.${rule.metadata.namespace}`);
  const actions = ((rule.spec['actions'] ?? []) as readonly Action[]).flatMap((action) => {
    const instances = (action.instances ?? []).filter((name) => !isOther(name));
    return isOther(action.handler ?? '') || instances.length === 0 ? [] : [{ ...action, instances }];
  });
  return actions.length === 0 ? [] : [{ ...rule, spec: { ...rule.spec, actions } }];
}

function manifestOf(config: ConfigView): Readonly<Record<string, string>> {
  const entries = objects(config, 'attributemanifest').flatMap(({ spec }) =>
    Object.entries((spec['attributes'] ?? {}) as Readonly<Record<string, { readonly valueType?: string }>>),
  );
  return Object.fromEntries(entries.flatMap(([name, { valueType }]) => (valueType ? [[name, valueType]] : [])));
}

function resourceInput({ kind, metadata: { namespace, name }, spec }: Part): PolicyResourceInput {
  return { kind, namespace, name, spec: spec ?? {} };
}
