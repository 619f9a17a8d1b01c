// A program of its own: Fastify that answers with the bytes of a file under given headers, and nothing else.
// Arguments: the file, the port, the headers as JSON.
import { readFileSync } from 'node:fs';
import fastify from 'fastify';

const [path = '', port, headerText = '{}'] = process.argv.slice(2);
const bytes = readFileSync(path);
const headers = JSON.parse(headerText) as Record<string, string>;
const app = fastify();
app.get('/', async (_request, reply) => reply.headers(headers).send(bytes));
await app.listen({ host: '127.0.0.1', port: Number(port) });
