import net from 'node:net';

/** A server that turns somebody away says why at once. */
const WAIT_MS = 500;
/** More than `INFO` and an error have. */
const AT_MOST_BYTES = 64 * 1024;

/**
 * Where a server cuts a new connection, nats.js may fail to write before it has read why, as with
 * `max_connections`. So the server is asked once more, by somebody who writes nothing.
 * @returns what the server says before it closes, or `undefined`
 */
export function farewellOf(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect({ host, port });
    const end = (): void => {
      clearTimeout(late);
      socket.destroy();
      resolve(/^-ERR '(.*)'\r$/m.exec(text)?.[1]?.toLowerCase());
    };
    const late = setTimeout(end, WAIT_MS);
    socket.setEncoding('latin1').on('data', (more: string) => {
      text += more;
      if (text.includes('-ERR') || text.length > AT_MOST_BYTES) end();
    });
    socket.on('error', end).on('close', end);
  });
}
