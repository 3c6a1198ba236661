// Command lines are read as istiod reads them, and mistakes are named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CommandLineError, discoveryCommand } from './command-line.ts';

test('flags in both forms, and the defaults of istiod', () => {
  const command = discoveryCommand(['discovery', '--configDir', 'a', '--configDir=b', '--httpAddr', '127.0.0.1:0']);
  assert.deepEqual(command, {
    configDirs: ['a', 'b'],
    kubernetes: false,
    kubeconfig: '',
    podsDir: '',
    lastGoodDir: '',
    meshConfig: '',
    networksConfig: '',
    domain: 'cluster.local',
    mixer: undefined,
    grpcAddr: { host: '0.0.0.0', port: 15010 },
    secureGrpcAddr: { host: '0.0.0.0', port: 15012 },
    httpAddr: { host: '127.0.0.1', port: 0 },
    monitoringAddr: { host: '0.0.0.0', port: 15014 },
    caDir: '',
    bundleAddr: undefined,
    tokenJwks: '',
    tokenIssuer: '',
    workloadCertTtlMs: 86_400_000,
    accountSecrets: false,
    jwksAllowedRanges: [],
    mutualTls: 'PERMISSIVE',
    loadBalancer: 'LEAST_REQUEST',
    v1Release: '0.2',
    namespace: '',
    logLevel: 'info',
  });
});

test('a kubeconfig, or its name among the registries, asks Kubernetes for all that no directory holds', () => {
  const read = (...argv: string[]) => {
    const { kubernetes, kubeconfig, configDirs } = discoveryCommand(['discovery', ...argv]);
    return { kubernetes, kubeconfig, configDirs };
  };
  assert.deepEqual(read('--kubeconfig', 'k'), { kubernetes: true, kubeconfig: 'k', configDirs: [] });
  assert.deepEqual(read('--registries', 'Kubernetes'), { kubernetes: true, kubeconfig: '', configDirs: [] });
  assert.deepEqual(read('--registries=File', '--configDir=a'), {
    kubernetes: false,
    kubeconfig: '',
    configDirs: ['a'],
  });
});

test('a mistake is named, with what was meant', () => {
  const say = (...argv: string[]) => {
    try {
      discoveryCommand(argv);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(say('discovery', '--configDri', 'a'), 'unknown flag --configDri; did you mean --configDir?');
  assert.equal(say('--configDir', 'a'), 'say what to run: discovery');
  assert.equal(say('discovery'), 'say where the configuration is: --configDir DIR or --kubeconfig FILE');
  assert.equal(say('discovery', '--configDir', 'a', '--grpcAddr', 'x'), '--grpcAddr: "x" is not HOST:PORT');
  assert.equal(
    say('discovery', '--configDir', 'a', '--workloadCertTTL', '1'),
    '--workloadCertTTL: "1" is not a time such as 24h',
  );
  assert.equal(
    say('discovery', '--configDir', 'a', '--registries', 'Eureka'),
    '--registries: eureka is not one of File, Kubernetes',
  );
  assert.equal(
    say('discovery', '--registries', 'File', '--kubeconfig', 'k', '--configDir', 'a'),
    '--kubeconfig: Kubernetes is not among the --registries',
  );
});

test('no command line fails in another way', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom('discovery', '--configDir', '--domain', '--'))),
      (argv) => {
        try {
          discoveryCommand(argv);
        } catch (error) {
          assert.ok(error instanceof CommandLineError, String(error));
        }
      },
    ),
  );
});
