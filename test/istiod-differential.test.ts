// Random meshes given to a real istiod and to our pilot-discovery: what both send to the same nodes means the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { reasonAgainstSandbox } from '@meltemi/testkit';
import { comparable, type Difference, differences } from './support/compared-answers.ts';
import { NODES, PLATFORM } from './support/compared-platform.ts';
import { randomRules } from './support/compared-rules.ts';
import { intended } from './support/differential-intended.ts';
import { type BothAnswers, IstiodBesideOurs } from './support/istiod-beside-ours.ts';
import { COLLECTED_TYPES } from './support/xds-collect.ts';

const PROGRAMS = ['MELTEMI_REAL_KUBE_APISERVER', 'MELTEMI_ETCD', 'MELTEMI_REAL_PILOT_DISCOVERY'];
const missing = PROGRAMS.filter((variable) => !process.env[variable]);
const skip = missing.length > 0 ? `no ${missing.join(', ')}` : reasonAgainstSandbox();
const SEED = 1;
const ROUNDS = 16;
const TYPES = COLLECTED_TYPES;
/** Without what istiod adds for telemetry, and with one form of the access log. */
const MESH = {
  accessLogFile: '/dev/stdout',
  accessLogFormat: '%REQ(:METHOD)% %RESPONSE_CODE%\n',
  enableTracing: false,
  defaultProviders: { metrics: [], tracing: [], accessLogging: [] },
};

let both: IstiodBesideOurs;
before(async () => {
  if (!skip) both = await IstiodBesideOurs.start({ objects: PLATFORM, meshConfig: MESH });
});
after(async () => {
  if (!skip) await both.close();
});

test('the platform alone, without a rule', { skip }, async () => {
  const answers = await both.answers([], NODES);
  assert.deepEqual(answers.problems, []);
  assert.ok(compared(answers) > 300, 'there is much to compare');
  assert.deepEqual(unintended(answers), []);
});

for (const [round, rules] of randomRules(SEED, ROUNDS).entries()) {
  test(`random rules, round ${round}: ${rules.length} of them`, { skip }, async () => {
    const answers = await both.answers(rules, NODES);
    assert.deepEqual(answers.problems, []);
    assert.deepEqual(unintended(answers), []);
  });
}

function compared({ ours }: BothAnswers): number {
  return Object.values(ours).reduce((sum, node) => sum + TYPES.reduce((all, type) => all + node[type].length, 0), 0);
}

/** As `NODE TYPE NAME PATH`, with what each side has there. */
function unintended({ istiod, ours }: BothAnswers): unknown[] {
  return NODES.flatMap(({ id }) =>
    TYPES.flatMap((type) => {
      const [theirs, own] = [comparable(istiod[id]![type]), comparable(ours[id]![type])];
      const names = [...new Set([...theirs.keys(), ...own.keys()])];
      return names.flatMap((name) =>
        differences(theirs.get(name), own.get(name))
          .filter((difference) => !intended({ type, name, ...difference }))
          .map((difference) => shown(`${id.split('~')[2]} ${type} ${name}`, difference)),
      );
    }),
  );
}

function shown(where: string, { path, istiod, ours }: Difference): object {
  return { where, path, istiod, ours };
}
