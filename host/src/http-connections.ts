import type { IncomingMessage, Server } from 'node:http';
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
