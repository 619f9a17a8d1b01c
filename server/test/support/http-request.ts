// One HTTP request on a connection of its own, for tests of servers. It must not know what it asks.
import { type IncomingMessage, request as openRequest } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface HttpQuestion {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON when it is no text. */
  readonly body?: string | object;
}

const answerTimeoutMs = 30_000;

/** Rejects when there is no whole answer within half a minute. */
export async function askHttp(url: string, question: HttpQuestion = {}): Promise<HttpAnswer> {
  const { method = 'GET', body } = question;
  const isJson = typeof body === 'object';
  const headers = { ...(isJson && { 'content-type': 'application/json' }), ...question.headers };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const signal = AbortSignal.timeout(answerTimeoutMs);
  const request = openRequest(url, { method, headers, agent: false, signal }, resolve);
  request.once('error', reject);
  request.end(isJson ? JSON.stringify(body) : body);
  const response = await promise;
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response) text += piece;
  return { status: response.statusCode ?? 0, headers: response.headers, body: text };
}
