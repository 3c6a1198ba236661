// Builds everything that a bootstrap names, without a socket, a file that is written or a subscription, and tells all that can't be.
import { createSecureContext } from 'node:tls';
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { Secret } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { Problem } from '@meltemi/base';
import { Dialler } from '../../cluster/endpoint/dialler.ts';
import { clusterSettings } from '../../cluster/settings/cluster-settings.ts';
import { readDataSource } from '../../tls/data-source.ts';
import { configTarget } from '../../xds/config-target.ts';
import { overloadSettings } from '../../overload/overload-settings.ts';
import { runtimeValues } from '../../runtime/runtime-values.ts';
import { statsdSinks } from '../../stats-sink/statsd-settings.ts';
import { type BuildParts, buildParts, tryListener } from './dry-parts.ts';
import { listenerFaults } from './listener-faults.ts';
import type { FieldFault } from '@meltemi/api';

/** Every problem, with the path of its field. */
export function validateBootstrap(bootstrap: Bootstrap): readonly Problem[] {
  const parts = buildParts(bootstrap);
  const { clusters = [], listeners = [], secrets = [] } = bootstrap.staticResources ?? {};
  const faults = [
    ...secrets.flatMap((secret, index) => secretFaults(secret, `static_resources.secrets[${index}]`)),
    ...clusters.flatMap((cluster, index) => clusterFaults(cluster, `static_resources.clusters[${index}]`, parts)),
    ...listeners.flatMap((listener, index) =>
      listenerFaults(listener, `static_resources.listeners[${index}]`, (alone) => tryListener(alone, parts)),
    ),
    ...sourceFaults(bootstrap),
    ...faultOf('overload_manager', () => overloadSettings(bootstrap.overloadManager)),
    ...faultOf('stats_sinks', () => statsdSinks(bootstrap.statsSinks)),
    ...faultOf('layered_runtime', () => runtimeValues(bootstrap.layeredRuntime)),
  ];
  return faults.map(({ path, message }) => ({
    severity: 'error',
    code: 'MEL0103',
    message: `${path}: ${message}`,
    path,
  }));
}

function clusterFaults(cluster: Cluster, path: string, parts: BuildParts): readonly FieldFault[] {
  return faultOf(path, () => {
    const { transport } = clusterSettings(cluster);
    new Dialler(transport, parts.watchSecret, () => {}).close();
    const eds = cluster.edsClusterConfig?.edsConfig;
    if (eds) parts.checkSource(eds);
  });
}

function secretFaults(secret: Secret, path: string): readonly FieldFault[] {
  if (secret.name === '') return [{ path: `${path}.name`, message: 'a secret needs a name' }];
  if (secret.type.case !== 'tlsCertificate') return [];
  const { certificateChain, privateKey } = secret.type.value;
  return faultOf(`${path}.tls_certificate`, () => {
    const pair = { cert: readDataSource(certificateChain) ?? '', key: readDataSource(privateKey) ?? '' };
    try {
      createSecureContext(pair);
    } catch {
      // The cause may quote key material.
      throw new TypeError('certificate and key do not fit together or are malformed');
    }
  });
}

function sourceFaults(bootstrap: Bootstrap): readonly FieldFault[] {
  const { ldsConfig, cdsConfig } = bootstrap.dynamicResources ?? {};
  const check = (path: string, source: ConfigSource | undefined) =>
    source ? faultOf(path, () => void configTarget(source, bootstrap)) : [];
  return [...check('dynamic_resources.cds_config', cdsConfig), ...check('dynamic_resources.lds_config', ldsConfig)];
}

function faultOf(path: string, build: () => void): readonly FieldFault[] {
  try {
    build();
    return [];
  } catch (error) {
    return [{ path, message: (error as Error).message }];
  }
}
