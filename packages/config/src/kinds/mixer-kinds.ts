// The kinds of config.istio.io that Mixer was configured by: Istio 0.2 to 1.6.
import type { Kind } from '../kind.ts';
import {
  httpApiSpecBindingSchema,
  httpApiSpecSchema,
  quotaSpecBindingSchema,
  quotaSpecSchema,
} from '../model/api-spec.ts';
import { CHECK_ADAPTERS } from '../model/mixer/check-adapters.ts';
import { QUOTA_ADAPTERS } from '../model/mixer/quota-adapters.ts';
import { REPORT_ADAPTERS } from '../model/mixer/report-adapters.ts';
import type { MixerResources } from '../model/mixer/resources.ts';
import {
  adapterSchema,
  attributeManifestSchema,
  handlerSchema,
  instanceSchema,
  ruleSchema,
  templateSchema,
} from '../model/mixer/rule.ts';
import { TEMPLATES } from '../model/mixer/templates.ts';
import type { Field } from '../schema.ts';

const SCHEMAS: Readonly<Record<keyof MixerResources, Field>> = {
  HTTPAPISpec: httpApiSpecSchema,
  HTTPAPISpecBinding: httpApiSpecBindingSchema,
  QuotaSpec: quotaSpecSchema,
  QuotaSpecBinding: quotaSpecBindingSchema,
  rule: ruleSchema,
  attributemanifest: attributeManifestSchema,
  handler: handlerSchema,
  instance: instanceSchema,
  adapter: adapterSchema,
  template: templateSchema,
  ...CHECK_ADAPTERS,
  ...QUOTA_ADAPTERS,
  ...REPORT_ADAPTERS,
  ...TEMPLATES,
};

/** As the definitions of the kinds had them. */
const PLURALS: { readonly [Name in keyof MixerResources]?: string } = {
  authorization: 'authorizations',
  bypass: 'bypasses',
  checknothing: 'checknothings',
  circonus: 'circonuses',
  kubernetes: 'kuberneteses',
  kubernetesenv: 'kubernetesenvs',
  listentry: 'listentries',
  logentry: 'logentries',
  prometheus: 'prometheuses',
  redisquota: 'redisquotas',
  solarwinds: 'solarwindses',
};

/** Types on the command line have the words of the kind: `http-api-spec`; Mixer's own kinds are one word. */
const TYPES: { readonly [Name in keyof MixerResources]?: string } = {
  HTTPAPISpec: 'http-api-spec',
  HTTPAPISpecBinding: 'http-api-spec-binding',
  QuotaSpec: 'quota-spec',
  QuotaSpecBinding: 'quota-spec-binding',
};

export const MIXER_KINDS: readonly Kind[] = (Object.keys(SCHEMAS) as readonly (keyof MixerResources)[]).map((kind) => ({
  kind,
  groups: ['config.istio.io'],
  versions: ['v1alpha2'],
  type: TYPES[kind] ?? kind,
  plural: PLURALS[kind] ?? `${kind.toLowerCase()}s`,
  names: [],
  ours: true,
  unfollowed: true,
  schema: SCHEMAS[kind],
}));
