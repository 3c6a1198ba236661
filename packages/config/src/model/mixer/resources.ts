// The kinds of Mixer's objects: handlers are kinds named for their adapters, instances for their templates.
import type { LocatedResource } from '../../located-resource.ts';
import type { HttpApiSpec, HttpApiSpecBinding, QuotaSpec, QuotaSpecBinding } from '../api-spec.ts';
import type { CheckAdapterName, Denier, ListChecker } from './check-adapters.ts';
import type { MemQuota, QuotaAdapterName } from './quota-adapters.ts';
import type { ReportAdapterName, Stdio } from './report-adapters.ts';
import type { AttributeManifest, Handler, Instance, Rule } from './rule.ts';
import type { ListEntry, LogEntry, Metric, QuotaInstance, TemplateName } from './templates.ts';

type AdapterName = CheckAdapterName | QuotaAdapterName | ReportAdapterName;

export interface MixerResources extends Readonly<Record<AdapterName | TemplateName, LocatedResource>> {
  readonly rule: LocatedResource<Rule>;
  readonly handler: LocatedResource<Handler>;
  readonly instance: LocatedResource<Instance>;
  readonly attributemanifest: LocatedResource<AttributeManifest>;
  readonly adapter: LocatedResource;
  readonly template: LocatedResource;
  readonly denier: LocatedResource<Denier>;
  readonly listchecker: LocatedResource<ListChecker>;
  readonly memquota: LocatedResource<MemQuota>;
  readonly stdio: LocatedResource<Stdio>;
  readonly listentry: LocatedResource<ListEntry>;
  readonly logentry: LocatedResource<LogEntry>;
  readonly metric: LocatedResource<Metric>;
  readonly quota: LocatedResource<QuotaInstance>;
  readonly HTTPAPISpec: LocatedResource<HttpApiSpec>;
  readonly HTTPAPISpecBinding: LocatedResource<HttpApiSpecBinding>;
  readonly QuotaSpec: LocatedResource<QuotaSpec>;
  readonly QuotaSpecBinding: LocatedResource<QuotaSpecBinding>;
}
