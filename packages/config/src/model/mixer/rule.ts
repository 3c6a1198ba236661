// The objects that tie Mixer's parts together: rules, handlers and instances of any adapter, manifests of attributes.
// https://istio.io/v1.0/docs/reference/config/policy-and-telemetry/istio.policy.v1beta1/
import { anything, flag, labelMap, list, mapOf, message, numberedTexts, text, texts } from '../../schema.ts';
import { duration, nonEmpty } from '../../text-check.ts';

/** Without a match the actions are taken for every request. `handler` and `instances` are full names. */
export interface Rule {
  readonly match?: string;
  readonly actions?: readonly RuleAction[];
}

/** https://istio.io/v1.1/docs/reference/config/policy-and-telemetry/istio.policy.v1beta1/#Action */
export interface RuleAction {
  readonly handler?: string;
  readonly instances?: readonly string[];
  readonly name?: string;
}

/** A handler of an adapter that is compiled in, or of one that runs elsewhere. */
export interface Handler {
  readonly name?: string;
  readonly adapter?: string;
  readonly compiledAdapter?: string;
  readonly params?: unknown;
  readonly connection?: { readonly address?: string };
}

export interface Instance {
  readonly name?: string;
  readonly template?: string;
  readonly compiledTemplate?: string;
  readonly params?: unknown;
  readonly attributeBindings?: Readonly<Record<string, string>>;
}

export interface AttributeManifest {
  readonly revision?: string;
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, { readonly description?: string; readonly valueType?: ValueType }>>;
}

const VALUE_TYPES = [
  'VALUE_TYPE_UNSPECIFIED',
  'STRING',
  'INT64',
  'DOUBLE',
  'BOOL',
  'TIMESTAMP',
  'IP_ADDRESS',
  'EMAIL_ADDRESS',
  'URI',
  'DNS_NAME',
  'DURATION',
  'STRING_MAP',
] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

const headerOperation = message(
  { name: nonEmpty, values: texts, operation: numberedTexts('REPLACE', 'REMOVE', 'APPEND') },
  { required: ['name'] },
);

export const ruleSchema = message({
  match: text(),
  actions: list(message({ handler: text(), instances: texts, name: text() })),
  requestHeaderOperations: list(headerOperation),
  responseHeaderOperations: list(headerOperation),
  sampling: message({
    random: anything,
    rateLimit: message({ maxUnsampledEntries: anything, samplingDuration: duration, samplingRate: anything }),
  }),
});

export const handlerSchema = message(
  {
    name: text(),
    adapter: text(),
    compiledAdapter: text(),
    params: anything,
    connection: message({ address: text(), timeout: duration, authentication: anything }),
  },
  { oneOf: [['adapter', 'compiledAdapter']] },
);

export const instanceSchema = message(
  { name: text(), template: text(), compiledTemplate: text(), params: anything, attributeBindings: labelMap },
  { oneOf: [['template', 'compiledTemplate']] },
);

export const attributeManifestSchema = message({
  revision: text(),
  name: text(),
  attributes: mapOf(message({ description: text(), valueType: numberedTexts(...VALUE_TYPES) })),
});

/** What an adapter that runs elsewhere tells of itself. */
export const adapterSchema = message({
  description: text(),
  sessionBased: flag,
  templates: texts,
  config: text(),
  supportedTemplates: texts,
});

export const templateSchema = message({ descriptor: text() });
