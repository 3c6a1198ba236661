// The form of a field → a structural schema as CustomResourceDefinitions take it.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
import type { Field, MessageField, NumberField } from '../schema.ts';

export type OpenApiSchema = Readonly<Record<string, unknown>>;

const INT_OR_STRING: OpenApiSchema = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
};
const ANYTHING: OpenApiSchema = { 'x-kubernetes-preserve-unknown-fields': true };

/** Says types, ranges, required fields and those that exclude each other; what only code can tell, the webhook tells. */
export function openApiSchema(field: Field): OpenApiSchema {
  switch (field.kind) {
    case 'text':
      return { type: 'string' };
    case 'number':
      return numberSchema(field);
    case 'boolean':
      return { type: 'boolean' };
    case 'enum':
      return field.numbered ? INT_OR_STRING : { type: 'string', enum: field.values };
    case 'port':
      return INT_OR_STRING;
    case 'list':
      return { type: 'array', items: openApiSchema(field.item), ...(field.min > 0 && { minItems: field.min }) };
    case 'map':
      return { type: 'object', additionalProperties: openApiSchema(field.value) };
    case 'message':
      return messageSchema(field);
    default:
      return ANYTHING;
  }
}

function numberSchema({ integer, asText, min, max }: NumberField): OpenApiSchema {
  if (asText) return INT_OR_STRING;
  return { type: integer ? 'integer' : 'number', minimum: min, maximum: max };
}

function messageSchema({ fields, required, oneOf, open }: MessageField): OpenApiSchema {
  const properties = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, openApiSchema(field)]));
  const groups = oneOf.map(atMostOne);
  return {
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
    ...(groups.length > 0 && { allOf: groups }),
    ...(open && ANYTHING),
  };
}

function atMostOne(names: readonly string[]): OpenApiSchema {
  const each = names.map((name) => ({ required: [name] }));
  return { oneOf: [{ not: { anyOf: each } }, ...each] };
}
