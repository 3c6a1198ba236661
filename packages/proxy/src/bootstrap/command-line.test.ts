import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CommandLineError, parseCommandLine, usage } from './command-line.ts';

const DEFAULTS = {
  kind: 'run',
  mode: 'serve',
  concurrency: 1,
  logLevel: 'info',
  drainTimeMs: 600_000,
  allowUnknownStaticFields: false,
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

test('help and version need nothing else', () => {
  assert.deepEqual(
    [parseCommandLine(['--help']), parseCommandLine(['--version'])],
    [{ kind: 'help' }, { kind: 'version' }],
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
