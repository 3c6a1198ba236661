// Sends what happens to a browser as server-sent events, until it hangs up.
// https://html.spec.whatwg.org/multipage/server-sent-events.html

/** Events that wait for a reader who is slow; more are dropped, for the next one says all again. */
const MAX_WAITING = 16;
const ENCODER = new TextEncoder();

/** Sends one event; the value as JSON. */
export type SendEvent = (event: string, value: unknown) => void;

/** `start` is called once, and what it returns when the reader is gone. */
export function eventStream(start: (send: SendEvent) => () => void): Response {
  let stop: () => void = () => {};
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stop = start((event, value) => {
          if ((controller.desiredSize ?? 0) < -MAX_WAITING) return;
          controller.enqueue(ENCODER.encode(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`));
        });
      },
      cancel: () => stop(),
    },
    { highWaterMark: 1 },
  );
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } });
}
