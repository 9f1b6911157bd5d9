import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keeps the connections of an HTTP server few: each takes one of the files that a process may have
 * open, and its data needs some, too. Where there are too many, the one that has asked for nothing
 * for the longest time is closed, so that whoever comes is answered.
 */
export function boundConnections(server: Server, most: number): void {
  /** Whoever asked last stands last. */
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    const [idlest] = connections;
    if (connections.size > most) idlest?.destroy();
  });
  server.on('request', ({ socket }: IncomingMessage) => {
    if (connections.delete(socket)) connections.add(socket);
  });
}

/**
 * One request of a connection is under way at a time: a packet has room for more than a thousand,
 * and each answer is many times as large. Whoever asks on before it is answered is not waited for:
 * the connection is closed. A connection that is kept alive asks one after the other.
 */
export function oneAtATime(handler: RequestListener): RequestListener {
  const asking = new WeakSet<Socket>();
  return (request, response) => {
    const { socket } = request;
    if (socket.destroyed) return; // The rest of what it sent is still being parsed.
    if (asking.has(socket)) return void socket.destroy();
    asking.add(socket);
    response.once('close', () => asking.delete(socket));
    handler(request, response);
  };
}
