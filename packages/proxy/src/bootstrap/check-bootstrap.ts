// Finds what a well-formed bootstrap still lacks or contradicts.
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { ApiConfigSource_ApiType as ApiType } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { Problem } from '@meltemi/base';
import { bootstrapFaults } from './bootstrap-fields.ts';
import { type ClusterAddress, clusterAddress } from './cluster-address.ts';

export function checkBootstrap(bootstrap: Bootstrap): readonly Problem[] {
  const faults = bootstrapFaults(bootstrap).map(({ path, message }) => problem(path, message));
  return [...faults, ...unnamedClusters(bootstrap), ...duplicates(bootstrap), ...dynamicProblems(bootstrap)];
}

function unnamedClusters(bootstrap: Bootstrap): readonly Problem[] {
  const clusters = bootstrap.staticResources?.clusters ?? [];
  return clusters.flatMap((cluster, index) =>
    cluster.name === '' ? [problem(`static_resources.clusters[${index}].name`, 'a cluster needs a name')] : [],
  );
}

function duplicates(bootstrap: Bootstrap): readonly Problem[] {
  const names = (bootstrap.staticResources?.clusters ?? []).map((cluster) => cluster.name);
  const twice = new Set(names.filter((name, index) => name !== '' && names.indexOf(name) < index));
  return [...twice].map((name) => problem('static_resources.clusters', `cluster ${name} stands twice`));
}

/** Who asks a server for configuration must say who it is, and where the server is. */
function dynamicProblems(bootstrap: Bootstrap): readonly Problem[] {
  const dynamic = bootstrap.dynamicResources;
  if (!dynamic) return [];
  const node =
    bootstrap.node?.id && bootstrap.node.cluster
      ? []
      : [
          problem(
            'node',
            "node 'id' and 'cluster' are required with dynamic resources (also --service-node, --service-cluster)",
          ),
        ];
  return [...node, ...adsProblems(bootstrap)];
}

function adsProblems(bootstrap: Bootstrap): readonly Problem[] {
  const dynamic = bootstrap.dynamicResources;
  const ads = dynamic?.adsConfig;
  const path = 'dynamic_resources.ads_config';
  if (!ads) {
    const wantsAds = [dynamic?.ldsConfig, dynamic?.cdsConfig].some(
      (source) => source?.configSourceSpecifier.case === 'ads',
    );
    return wantsAds ? [problem(path, 'lds_config or cds_config names ads, and there is no ads_config')] : [];
  }
  if (!ADS_TYPES.includes(ads.apiType))
    return [problem(`${path}.api_type`, `${ApiType[ads.apiType]} is not supported: use GRPC or DELTA_GRPC`)];
  const address: ClusterAddress = clusterAddress(bootstrap, ads);
  return address.kind === 'refused' ? [problem(`${path}.grpc_services`, address.message)] : [];
}

const ADS_TYPES: readonly ApiType[] = [
  ApiType.GRPC,
  ApiType.DELTA_GRPC,
  ApiType.AGGREGATED_GRPC,
  ApiType.AGGREGATED_DELTA_GRPC,
];

function problem(path: string, message: string): Problem {
  return { severity: 'error', code: 'MEL0103', message: `${path}: ${message}`, path };
}
