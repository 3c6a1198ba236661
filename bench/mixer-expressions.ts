// Cost of Mixer's expressions: compiled closures over bags whose attributes vary; ns for one evaluation.
// Run: node bench/mixer-expressions.ts
import assert from 'node:assert/strict';
import {
  AttributeBag,
  type CompiledExpression,
  compileExpression,
  duration,
  MANIFEST_1_0_3,
  ReferenceLog,
  type Value,
  Vocabulary,
} from '@meltemi/policy';

const vocabulary = new Vocabulary(MANIFEST_1_0_3);
const REQUESTS = 1024;
const ROUNDS = 400;

const CASES: readonly (readonly [string, (index: number) => Value])[] = [
  ['request.size | 0', (index) => (index % 3 === 0 ? 0n : BigInt(index))],
  ['context.protocol == "http" || context.protocol == "grpc"', (index) => index % 2 === 0],
  [
    'request.headers["cookie"] | request.headers["user"] | "none"',
    (index) => (index % 4 === 0 ? 'none' : `user${index}`),
  ],
  ['match(destination.service, "*.default.svc.cluster.local")', (index) => index % 5 !== 0],
  ['"^/api/v[0-9]+/".matches(request.path)', (index) => index % 2 === 1],
  ['source.ip == ip("10.0.0.7")', (index) => index % 256 === 7],
  [
    'destination.service == "s1.default.svc.cluster.local" && request.path.startsWith("/api") && response.code != 200',
    (index) => index % 7 === 1 && index % 5 !== 0 && index % 2 === 1,
  ],
];

let kept: Value = false;
const bags = Array.from({ length: REQUESTS }, (_, index) => AttributeBag.of(vocabulary, attributesOf(index)));
const tracked = bags.map((bag) => bag.tracked(new ReferenceLog(vocabulary)));

for (const [text, expected] of CASES) {
  const compiled = compileExpression(text, vocabulary);
  for (const [index, bag] of bags.entries()) assert.deepEqual(compiled.evaluate(bag), expected(index), text);
  const [plain, noted] = [measure(compiled, bags), measure(compiled, tracked)];
  process.stdout.write(
    `${plain.toFixed(0).padStart(5)} ns, ${noted.toFixed(0).padStart(5)} ns with references: ${text}\n`,
  );
}

/** The median of several rounds. */
function measure(compiled: CompiledExpression, requests: readonly AttributeBag[]): number {
  const times = Array.from({ length: 9 }, () => round(compiled, requests)).slice(2);
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

function round(compiled: CompiledExpression, requests: readonly AttributeBag[]): number {
  const start = process.hrtime.bigint();
  for (let repeat = 0; repeat < ROUNDS; repeat++) {
    for (const bag of requests) kept = compiled.evaluate(bag);
  }
  assert.notEqual(kept, undefined);
  return Number(process.hrtime.bigint() - start) / (ROUNDS * requests.length);
}

function attributesOf(index: number): readonly (readonly [string, Value])[] {
  const namespace = index % 5 === 0 ? 'other' : 'default';
  const headers = index % 4 === 0 ? [] : [[index % 4 === 1 ? 'cookie' : 'user', `user${index}`] as const];
  const size: readonly (readonly [string, Value])[] = index % 3 === 0 ? [] : [['request.size', BigInt(index)]];
  return [
    ['source.ip', Uint8Array.of(10, 0, 0, index % 256)],
    ['context.protocol', index % 2 === 0 ? (index % 4 === 0 ? 'http' : 'grpc') : 'tcp'],
    ['destination.service', `s${index % 7}.${namespace}.svc.cluster.local`],
    ['request.headers', new Map(headers)],
    ['request.path', index % 2 === 1 ? `/api/v${index}/products` : `/static/${index}`],
    ['response.code', index % 2 === 1 ? 503n : 200n],
    ['response.duration', duration(BigInt(index))],
    ...size,
  ];
}
