// A program of its own: calls one unary gRPC method again and again over a few HTTP/2 connections, one call
// at a time on each, and looks at no more of the answers than their status.
// Arguments: port, path, connections, seconds. Prints the number of whole answers. Asks for `backend-0`.
import { connect } from 'node:http2';

const [port, path = '/', connections, seconds] = process.argv.slice(2);
const name = Buffer.from('backend-0');
// Field 1 of the request, a string; before it the flag and length of a gRPC message.
const message = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
let answers = 0;

function fail(text: string): never {
  process.stderr.write(`grpc-load-client: ${text}\n`);
  process.exit(1);
}

function open(): void {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', (error) => fail(error.message));
  session.on('close', () => fail('the server has closed the connection'));
  const call = () => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
    });
    let status: unknown;
    stream.on('response', (headers) => {
      if (headers[':status'] !== 200) fail(`status ${headers[':status']}`);
      status = headers['grpc-status'];
    });
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    stream.on('end', () => {
      if (status !== '0') fail(`grpc-status ${status}`);
      answers++;
      call();
    });
    stream.on('error', (error) => fail(error.message));
    stream.resume();
    stream.end(frame);
  };
  call();
}

for (let index = 0; index < Number(connections); index++) open();
setTimeout(() => {
  process.stdout.write(`${answers}\n`, () => process.exit(0));
}, 1000 * Number(seconds));
