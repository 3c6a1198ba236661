// A program with a gRPC library that is its own proxy: told over its standard input, a line of JSON a wish; one each way.
import { createInterface } from 'node:readline';
import {
  Client,
  credentials,
  Metadata,
  type Server,
  ServerCredentials,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { register, XdsChannelCredentials, XdsServer, XdsServerCredentials } from '@grpc/grpc-js-xds';
import type { PeerAnswer, PeerCall, PeerReply, PeerServing, PeerWish } from './grpc-peer-process.ts';

const METHOD = '/echo.Echo/Say';
const same = (bytes: Buffer): Buffer => bytes;

register();
const channels = new Map<string, Client>();
/** Calls that were made to fail, by what they ask. */
const failures = new Map<string, number>();

createInterface({ input: process.stdin }).on('line', (line) => {
  const wish = JSON.parse(line) as PeerWish;
  const done = wish.do === 'call' ? call(wish).then((replies) => ({ replies })) : serve(wish).then(() => ({}));
  void done.catch((error: unknown) => ({ error: String(error) })).then((answer) => say({ id: wish.id, ...answer }));
});

function say(answer: PeerAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** One after the other. */
async function call({ target, secure, body, headers, count }: PeerCall): Promise<PeerReply[]> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const replies: PeerReply[] = [];
  for (let made = 0; made < count; made++) {
    replies.push(await callOnce(channel(target, secure), Buffer.from(body), metadata));
  }
  return replies;
}

function channel(target: string, secure: boolean): Client {
  const key = `${target} ${secure}`;
  const plain = credentials.createInsecure();
  const known = channels.get(key) ?? new Client(target, secure ? new XdsChannelCredentials(plain) : plain);
  channels.set(key, known);
  return known;
}

function callOnce(client: Client, body: Buffer, metadata: Metadata): Promise<PeerReply> {
  const options = { deadline: Date.now() + 10_000 };
  return new Promise((resolve) => {
    client.makeUnaryRequest(METHOD, same, same, body, metadata, options, (error, reply) =>
      resolve(error ? { code: error.code, body: error.details } : { code: 0, body: String(reply) }),
    );
  });
}

async function serve({ address, name, secure }: PeerServing): Promise<void> {
  const server = new XdsServer();
  const plain = ServerCredentials.createInsecure();
  answerOn(server, name);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, secure ? new XdsServerCredentials(plain) : plain, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

function answerOn(server: Server, name: string): void {
  const definition = {
    path: METHOD,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  server.addService(
    { say: definition },
    {
      say: (
        { request }: { readonly request: Buffer },
        done: (error: Partial<ServiceError> | null, reply?: Buffer) => void,
      ) => {
        const [word, key = '', number = '0'] = request.toString().split(':');
        if (word === 'wait') return void setTimeout(() => done(null, Buffer.from(name)), Number(key));
        const failed = failures.get(key) ?? 0;
        if (word !== 'flaky' || failed >= Number(number)) return done(null, Buffer.from(name));
        failures.set(key, failed + 1);
        done({ code: status.UNAVAILABLE, details: 'as asked' });
      },
    },
  );
}
