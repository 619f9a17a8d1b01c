// A program of its own: Fastify that answers with the bytes of a file, and nothing else.
// Arguments: the file, the port.
import { readFileSync } from 'node:fs';
import fastify from 'fastify';

const [path = '', port] = process.argv.slice(2);
const bytes = readFileSync(path);
const app = fastify();
app.get('/', async (_request, reply) => reply.type('application/json; charset=utf-8').send(bytes));
await app.listen({ host: '127.0.0.1', port: Number(port) });
