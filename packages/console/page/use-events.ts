// Listens to the console's server while the page is seen: one stream, whose events each have a name.
import { useEffect, useRef, useState } from 'preact/hooks';

/** `connecting` again after each loss; the browser tries by itself. */
export type Connection = 'connecting' | 'open';

export type EventHandlers = Readonly<Record<string, (value: never) => void>>;

/** A page that nobody sees asks for nothing. */
export function useEvents(url: string, handlers: EventHandlers): Connection {
  const [connection, setConnection] = useState<Connection>('connecting');
  const current = useRef(handlers);
  current.current = handlers;
  useEffect(() => {
    let source: EventSource | undefined;
    const close = () => {
      source?.close();
      source = undefined;
    };
    const follow = () => {
      if (document.hidden) return close();
      source ??= open(url, Object.keys(current.current), current, setConnection);
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      close();
    };
  }, [url]);
  return connection;
}

function open(
  url: string,
  names: readonly string[],
  current: { readonly current: EventHandlers },
  setConnection: (connection: Connection) => void,
): EventSource {
  const source = new EventSource(url);
  source.addEventListener('open', () => setConnection('open'));
  source.addEventListener('error', () => setConnection('connecting'));
  for (const name of names) {
    source.addEventListener(name, (event) => current.current[name]?.(JSON.parse(event.data) as never));
  }
  return source;
}
