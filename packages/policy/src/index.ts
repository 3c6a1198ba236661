// Policy: attributes → expr → rules → instances → adapters → dispatch.
export type { CheckResult, QuotaArgs, QuotaResult, Status } from './adapters/adapter.ts';
export { STATUS } from './adapters/adapter.ts';
export type { AdapterWorld } from './adapters/create-handler.ts';
export { AspectError, type AspectStore } from './aspects/aspect-store.ts';
export { aspectStore } from './aspects/check-aspects.ts';
export { MetricRegistry } from './adapters/metric-registry.ts';
export { AttributeBag, type AttributeReader } from './attributes/attribute-bag.ts';
export { compressAttributes, decompressAttributes } from './attributes/compressed-attributes.ts';
export { decodeReport, encodeReports } from './attributes/delta-report.ts';
export { GLOBAL_WORDS } from './attributes/global-words.ts';
export { MANIFEST_0_2_2 } from './attributes/manifest-0.2.2.ts';
export { MANIFEST_1_0_3 } from './attributes/manifest-1.0.3.ts';
export { AttributesError, MessageWords } from './attributes/message-words.ts';
export { ManifestError, readManifest } from './attributes/read-manifest.ts';
export { type Reference, type ReferenceCondition, ReferenceLog } from './attributes/reference-log.ts';
export { decodeReferences, encodeReferences, type ReceivedReference } from './attributes/referenced-attributes.ts';
export { type AttributeSlot, type Manifest, Vocabulary } from './attributes/vocabulary.ts';
export { MixerClient, type MixerClientOptions, type QuotaAmounts } from './client/mixer-client.ts';
export { type MixerTransport, mixerTransport } from './client/mixer-transport.ts';
export { type CompiledExpression, compileExpression } from './expr/compile.ts';
export type { Evaluator } from './expr/evaluator.ts';
export {
  ExpressionError,
  type ExpressionErrorCode,
  formatExpressionError,
  type Place,
} from './expr/expression-error.ts';
export { mixc } from './mixc/mixc.ts';
export type { MixcResult } from './mixc/mixc-result.ts';
export { compilePolicy, type Policy, type Rule } from './rules/compile-policy.ts';
export { type CheckVerdict, policyEngine, type PolicyEngine, type QuotaVerdict } from './rules/policy-engine.ts';
export { type PolicyResource, policyResources } from './rules/policy-resource.ts';
export { MIXS_USAGE, type MixsCommand, mixsCommand, MixsCommandError } from './serve/command-line.ts';
export { type MixerServer, type MixerServerOptions, serveMixer } from './serve/mixer-server.ts';
export { PolicyStore } from './serve/policy-store.ts';
export { formatValue } from './values/format-value.ts';
export { readValue, ValueError } from './values/read-value.ts';
export { duration, type Duration, type StringMap, timestamp, type Timestamp, type Value } from './values/value.ts';
export { isValueType, VALUE_TYPES, type ValueType } from './values/value-type.ts';
