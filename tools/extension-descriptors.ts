// .proto files → one JavaScript module with the descriptors of every message of Envoy's extensions, compressed.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { fromBinary, isMessage, type Message, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Rules and annotations, which say nothing of the bytes. */
const ANNOTATIONS = /^(?:validate|udpa\/annotations|xds\/annotations|envoy\/annotations)\//;

/** `protos`: the folder of the files; `buf`: its program; `out`: the folder that gets `descriptors.js` and its types. */
export function describeExtensions({ protos, buf, out }: Readonly<Record<'protos' | 'buf' | 'out', string>>): void {
  const image = join(out, '.descriptors.binpb');
  const paths = describedFolders(protos).flatMap((folder) => ['--path', join(protos, folder)]);
  const flags = ['--as-file-descriptor-set', '--exclude-source-info', '-o', image];
  execFileSync(process.execPath, [buf, 'build', protos, ...flags, ...paths], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const bytes = brotliCompressSync(withoutAnnotations(readFileSync(image))).toString('base64');
  rmSync(image);
  writeFileSync(join(out, 'descriptors.js'), `export const DESCRIPTORS = '${bytes}';\n`);
  writeFileSync(
    join(out, 'descriptors.d.ts'),
    '/** A google.protobuf.FileDescriptorSet in brotli and base64. */\nexport declare const DESCRIPTORS: string;\n',
  );
}

/** Of the second version of the API nothing is read. */
function describedFolders(protos: string): string[] {
  const config = readdirSync(join(protos, 'envoy/config'))
    .map((name) => `envoy/config/${name}/v3`)
    .filter((folder) => existsSync(join(protos, folder)));
  return ['envoy/extensions', 'envoy/tcp', 'istio', 'meltemi', 'udpa/type', 'xds/type', ...config];
}

function withoutAnnotations(image: Uint8Array): Uint8Array {
  const set = fromBinary(FileDescriptorSetSchema, image);
  set.file = set.file.filter(({ name }) => !ANNOTATIONS.test(name));
  for (const file of set.file) {
    file.dependency = file.dependency.filter((name) => !ANNOTATIONS.test(name));
    file.publicDependency = [];
    dropOptions(file);
  }
  return toBinary(FileDescriptorSetSchema, set);
}

/** Options that only annotations define are fields that nobody knows here. */
function dropOptions(message: Message): void {
  delete message.$unknown;
  for (const value of Object.values(message) as unknown[]) {
    for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) if (isMessage(each)) dropOptions(each);
  }
}
