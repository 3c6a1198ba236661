// HTTPAPISpec and QuotaSpec with their bindings: attributes and quotas of requests. https://istio.io/v1.0/docs/reference/config/istio.mixer.v1.config.client/
import { CODE } from '../problem-code.ts';
import { anything, type Finding, flag, int64, labelMap, list, mapOf, message, text } from '../schema.ts';
import { nonEmpty, regex } from '../text-check.ts';
import { type StringMatch, stringMatch } from './destination.ts';

/** Attributes by name, each with its type: `{stringValue: v1}`. */
export interface AttributeValues {
  readonly attributes?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface HttpApiSpec {
  readonly attributes?: AttributeValues;
  readonly patterns: readonly {
    readonly attributes?: AttributeValues;
    readonly httpMethod?: string;
    readonly uriTemplate?: string;
    readonly regex?: string;
  }[];
  readonly apiKeys?: readonly { readonly query?: string; readonly header?: string; readonly cookie?: string }[];
}

/** A service of the mesh, or another object by name. */
export interface ObjectReference {
  readonly name: string;
  readonly namespace?: string;
}

export interface HttpApiSpecBinding {
  readonly services: readonly ObjectReference[];
  readonly apiSpecs: readonly ObjectReference[];
}

export interface QuotaSpec {
  readonly rules: readonly {
    readonly match?: readonly { readonly clause?: Readonly<Record<string, StringMatch>> }[];
    readonly quotas?: readonly { readonly quota: string; readonly charge?: number }[];
  }[];
}

export interface QuotaSpecBinding {
  readonly services: readonly ObjectReference[];
  readonly quotaSpecs: readonly ObjectReference[];
}

const VALUES = {
  stringValue: text(),
  int64Value: int64,
  doubleValue: anything,
  boolValue: flag,
  bytesValue: text(),
  timestampValue: text(),
  durationValue: text(),
  stringMapValue: message({ entries: labelMap }),
};
const attributes = message({ attributes: mapOf(message(VALUES, { oneOf: [Object.keys(VALUES)] })) });

const pattern = message(
  { attributes, httpMethod: text(), uriTemplate: nonEmpty, regex },
  { oneOf: [['uriTemplate', 'regex']], check: (written) => checkOneOf(written, ['uriTemplate', 'regex']) },
);
const apiKey = message(
  { query: nonEmpty, header: nonEmpty, cookie: nonEmpty },
  {
    oneOf: [['query', 'header', 'cookie']],
    check: (written) => checkOneOf(written, ['query', 'header', 'cookie']),
  },
);

export const httpApiSpecSchema = message(
  { attributes, patterns: list(pattern, 1), apiKeys: list(apiKey) },
  { required: ['patterns'] },
);

const service = message(
  { name: nonEmpty, namespace: nonEmpty, domain: nonEmpty, service: nonEmpty, labels: labelMap },
  { oneOf: [['name', 'service']], check: (written) => checkOneOf(written, ['name', 'service']) },
);
const reference = message({ name: nonEmpty, namespace: nonEmpty }, { required: ['name'] });

export const httpApiSpecBindingSchema = message(
  { services: list(service, 1), apiSpecs: list(reference, 1) },
  { required: ['services', 'apiSpecs'] },
);

const quotaRule = message(
  {
    match: list(message({ clause: mapOf(stringMatch) })),
    quotas: list(message({ quota: nonEmpty, charge: int64 }, { required: ['quota'] }), 1),
  },
  { required: ['quotas'] },
);

export const quotaSpecSchema = message({ rules: list(quotaRule, 1) }, { required: ['rules'] });

export const quotaSpecBindingSchema = message(
  { services: list(service, 1), quotaSpecs: list(reference, 1) },
  { required: ['services', 'quotaSpecs'] },
);

function checkOneOf(written: Readonly<Record<string, unknown>>, names: readonly string[]): Finding[] {
  if (names.some((name) => written[name] !== undefined)) return [];
  return [{ path: [], code: CODE.missing, message: `one of ${names.join(', ')} is needed` }];
}
