# As grpc-peer.ts, with gRPC's own core: told over its standard input, a line of JSON a wish; one each way.
import json
import sys
import threading
import time
from concurrent import futures

import grpc
import grpc.experimental

METHOD = '/echo.Echo/Say'
channels = {}
# Calls that were made to fail, by what they ask.
failures = {}
servers = []
lock = threading.Lock()


def call(wish):
    channel = channel_of(wish['target'], wish['secure'])
    say = channel.unary_unary(METHOD)
    metadata = [(name, value) for name, value in wish['headers'].items()]
    return {'replies': [call_once(say, wish['body'].encode(), metadata) for _ in range(wish['count'])]}


def channel_of(target, secure):
    key = (target, secure)
    if key not in channels:
        plain = grpc.experimental.insecure_channel_credentials()
        channels[key] = grpc.secure_channel(target, grpc.xds_channel_credentials(plain) if secure else plain)
    return channels[key]


def call_once(say, body, metadata):
    try:
        return {'code': 0, 'body': say(body, metadata=metadata, timeout=10).decode()}
    except grpc.RpcError as error:
        return {'code': error.code().value[0], 'body': error.details()}


def serve(wish):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), xds=True)
    handler = grpc.unary_unary_rpc_method_handler(answer_as(wish['name']))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler('echo.Echo', {'Say': handler}),))
    plain = grpc.insecure_server_credentials()
    server.add_secure_port(wish['address'], grpc.xds_server_credentials(plain) if wish['secure'] else plain)
    server.start()
    servers.append(server)
    return {}


def answer_as(name):
    def answer(request, context):
        word, key, number = (request.decode().split(':') + ['', '0'])[:3]
        if word == 'wait':
            time.sleep(int(key) / 1000)
        if word == 'flaky' and must_fail(key, int(number)):
            context.abort(grpc.StatusCode.UNAVAILABLE, 'as asked')
        return name.encode()

    return answer


def must_fail(key, number):
    with lock:
        failed = failures.get(key, 0)
        failures[key] = failed + 1
        return failed < number


def answer_line(line):
    wish = json.loads(line)
    try:
        answer = call(wish) if wish['do'] == 'call' else serve(wish)
    except Exception as error:
        answer = {'error': repr(error)}
    sys.stdout.write(json.dumps({'id': wish['id'], **answer}) + '\n')
    sys.stdout.flush()


for line in sys.stdin:
    threading.Thread(target=answer_line, args=(line,), daemon=True).start()
