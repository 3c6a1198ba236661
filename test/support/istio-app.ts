// An application in a pod, HTTP on 8080 and bytes on 9000, that also makes requests for the test: it asks for them on port 7000.
import { Agent, createServer, request as httpRequest } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { json, text } from 'node:stream/consumers';
import type { AppAnswer, AppCall, LoadResult } from './istio-call.ts';

const pod = process.argv[2]!;
const CALL_DEADLINE_MS = 10_000;
const agent = new Agent({ keepAlive: true });
const failuresLeft = new Map<string, number>();
/** By where they go. */
const loads = new Map<string, { stopped: boolean; readonly result: Promise<LoadResult> }>();

createServer((request, response) => {
  const url = new URL(request.url!, 'http://app');
  response.statusCode = status(url.searchParams);
  response.end(JSON.stringify({ pod, url: request.url, headers: request.headers }));
}).listen(8080);

createTcpServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (data) => socket.end(`${pod} got ${data.toString()}`));
}).listen(9000);

createServer((request, response) => {
  void control(request.url!, request).then((answer) => response.end(JSON.stringify(answer)));
}).listen(7000, () => process.stdout.write('listening\n'));

async function control(path: string, body: NodeJS.ReadableStream): Promise<unknown> {
  const call = (await json(body)) as AppCall;
  switch (path) {
    case '/call':
      return answerOf(call);
    case '/bytes':
      return exchangeBytes(call);
    case '/load':
      loads.set(call.url, startLoad(call));
      return {};
    default:
      return stopLoad(call.url);
  }
}

/** `?fail=N&key=K`: the first N requests of a key get 503. */
function status(query: URLSearchParams): number {
  const key = query.get('key');
  if (key === null) return 200;
  const left = failuresLeft.get(key) ?? Number(query.get('fail'));
  failuresLeft.set(key, left - 1);
  return left > 0 ? 503 : 200;
}

function answerOf({ url, headers }: AppCall): Promise<AppAnswer> {
  return new Promise((resolve) => {
    const request = httpRequest(url, { agent, headers: { ...headers }, timeout: CALL_DEADLINE_MS }, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode!, headers: response.headers, body }),
        (error: Error) => resolve(failure(error)),
      );
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', (error) => resolve(failure(error)));
    request.end();
  });
}

function failure(error: Error): AppAnswer {
  return { status: 0, headers: {}, body: error.message };
}

function exchangeBytes({ url }: AppCall): Promise<AppAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write('hello'));
    text(socket).then(
      (body) => resolve({ status: 200, headers: {}, body }),
      (error: Error) => resolve(failure(error)),
    );
  });
}

function stopLoad(url: string): Promise<LoadResult> {
  const load = loads.get(url)!;
  loads.delete(url);
  load.stopped = true;
  return load.result;
}

/** Requests one after the other until it is stopped. */
function startLoad(call: AppCall): { stopped: boolean; readonly result: Promise<LoadResult> } {
  const run = { stopped: false, result: Promise.resolve<LoadResult>({ requests: 0, failures: [] }) };
  run.result = (async () => {
    let requests = 0;
    const failures: string[] = [];
    while (!run.stopped) {
      const answer = await answerOf(call);
      requests++;
      if (answer.status !== 200) failures.push(`${answer.status} ${answer.body}`);
    }
    return { requests, failures };
  })();
  return run;
}
