import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CommandLineError, parseCommandLine, usage } from './command-line.ts';

const DEFAULTS = {
  kind: 'run',
  mode: 'serve',
  concurrency: undefined,
  logLevel: 'info',
  drainTimeMs: 600_000,
  drainStrategy: 'gradual',
  baseId: 0,
  statsTags: {},
  allowUnknownStaticFields: false,
  rejectUnknownDynamicFields: false,
};

test("the arguments that Istio's agent gives are read", () => {
  const args =
    '-c etc/istio/proxy/envoy-rev.json --drain-time-s 45 --drain-strategy immediate --local-address-ip-version v4 ' +
    '--file-flush-interval-msec 1000 --disable-hot-restart --allow-unknown-static-fields -l warning ' +
    '--component-log-level misc:error --skip-deprecated-logs --concurrency 2 --service-node=sidecar~1';
  assert.deepEqual(parseCommandLine(args.split(' ')), {
    ...DEFAULTS,
    configPath: 'etc/istio/proxy/envoy-rev.json',
    drainTimeMs: 45_000,
    drainStrategy: 'immediate',
    logLevel: 'warn',
    concurrency: 2,
    serviceNode: 'sidecar~1',
    allowUnknownStaticFields: true,
  });
});

test('validation of a text is a mode', () => {
  assert.deepEqual(parseCommandLine(['--mode', 'validate', '--config-yaml', '{}']), {
    ...DEFAULTS,
    mode: 'validate',
    configYaml: '{}',
  });
});

test("Envoy's other options are taken, with effect or without", () => {
  const args =
    '-c x --concurrency 0 --restart-epoch 1 --parent-shutdown-time-s 60 --base-id 3 --base-id-path b --socket-mode 600 ' +
    '--admin-address-path a --stats-tag zone:a --stats-tag rack:1 --log-format %v --log-format-escaped --log-path l ' +
    '--cpuset-threads --socket-path @e --skip-hot-restart-on-no-parent --skip-hot-restart-parent-stats ' +
    '--enable-core-dump --enable-mutex-tracing --enable-fine-grain-logging --log-stacktrace-single-entry ' +
    '--file-flush-min-size-kb 64 --ignore-unknown-dynamic-fields --reject-unknown-dynamic-fields ' +
    '--allow-unknown-fields --disable-extensions a,b --component-log-level upstream:trace,config:off';
  assert.deepEqual(parseCommandLine(args.split(' ')), {
    ...DEFAULTS,
    configPath: 'x',
    concurrency: 1,
    baseId: 3,
    baseIdPath: 'b',
    adminAddressPath: 'a',
    statsTags: { zone: 'a', rack: '1' },
    logPath: 'l',
    allowUnknownStaticFields: true,
    rejectUnknownDynamicFields: true,
  });
});

test('help and versions need nothing else', () => {
  assert.deepEqual(
    ['--help', '--version', '--hot-restart-version'].map((flag) => parseCommandLine([flag])),
    [{ kind: 'help' }, { kind: 'version' }, { kind: 'hot-restart-version' }],
  );
  assert.match(usage(), /-c, --config-path {2}FILE/);
});

const BAD: readonly (readonly [string, RegExp])[] = [
  ['--no-such-flag', /no-such-flag/],
  ['-c', /config-path/],
  ['', /At least one of --config-path/],
  ['-c x --mode maybe', /--mode is serve, validate, init_only, not maybe/],
  ['-c x --concurrency many', /--concurrency is a whole number/],
  ['-c x -l loud', /--log-level is trace/],
  ['-c x -l toString', /--log-level is trace/],
  ['-c x extra', /extra/],
  ['-c x --drain-strategy slow', /--drain-strategy is gradual, immediate, not slow/],
  ['-c x --local-address-ip-version v5', /--local-address-ip-version is v4, v6/],
  ['-c x --component-log-level upstream', /--component-log-level is NAME:LEVEL/],
  ['-c x --component-log-level upstream:loud', /--component-log-level is trace/],
  ['-c x --stats-tag zone', /misformatted stats-tag 'zone'/],
  ['-c x --stats-tag zone:a.b', /misformatted stats-tag/],
  ['-c x --stats-tag zone:a --stats-tag zone:b', /two values/],
  ['-c x --restart-epoch one', /--restart-epoch is a whole number/],
  ['-c x --restart-epoch 1 --use-dynamic-base-id', /cannot use --restart-epoch=1 with --use-dynamic-base-id/],
];
for (const [args, message] of BAD) {
  test(`refuses "${args}"`, () => {
    assert.throws(() => parseCommandLine(args.split(' ').filter(Boolean)), { code: 'BAD_COMMAND_LINE', message });
  });
}

test('any arguments are read or refused', () => {
  const argument = fc.oneof(
    fc.string(),
    fc.constantFrom('-c', '--mode', 'x', '--', '--help=1', '-cl', '--concurrency=-1'),
  );
  fc.assert(
    fc.property(fc.array(argument), (args) => {
      try {
        parseCommandLine(args);
      } catch (error) {
        assert.ok(error instanceof CommandLineError);
      }
    }),
  );
});
