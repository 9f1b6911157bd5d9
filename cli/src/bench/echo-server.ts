import { connect } from 'nats';

/*
 * The ceiling's other half, a process of its own: answers each request on a subject with the
 * request's own bytes. Arguments: NATS URL, subject. It ends when its parent does.
 */
const [url = '', subject = ''] = process.argv.slice(2);
const connection = await connect({ servers: url, noAsyncTraces: true });
connection.subscribe(subject, {
  callback: (error, message) => {
    if (error === null) message.respond(message.data);
  },
});
await connection.flush();
process.send?.('ready');
process.once('disconnect', () => process.exit(0));
