// Shapes on wire and disk. Messages of xDS and the CA are imported by their file: `@meltemi/api/envoy/…/x_pb`.
export { packAny, registryOf, unpackAny } from './any.ts';
export { extensionRegistry } from './extensions.ts';
export { type FieldFault, fieldFaults, type FieldRule, type FieldRules, refusedField } from './field-rules.ts';
export { type ObjectMeta, type Resource, resourceName } from './resource.ts';
export { byKey, LIMIT_DOMAIN, LIMIT_KEY, limitId, MATCH_KEY, MATCHED } from './limit-descriptor.ts';
export { PUSH_ORDER, TYPE_URL, type XdsType, xdsTypeOf } from './type-url.ts';
