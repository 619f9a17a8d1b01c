// The two requests that change something. The browser's own credentials and origin are the proof of who asks.
import type { ChangePreview, ChangeRequest } from '../contract.ts';
import { sayProblem } from './changes.ts';

export interface Answer {
  /** HTTP's; 0: no answer came. */
  readonly status: number;
  readonly body: unknown;
}

async function post(path: string, request: ChangeRequest, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(path, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json', 'x-requested-with': 'maglev' },
    body: JSON.stringify(request),
    ...(signal && { signal }),
  });
  const text = await response.text();
  return { status: response.status, body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON, as of a proxy: the status has to say it.
    return undefined;
  }
}

/** Asks for the change and waits for the daemon's answer, however long it takes. */
export async function askChange(request: ChangeRequest): Promise<Answer> {
  try {
    return await post('api/change', request);
  } catch (error) {
    const detail = `No answer came (${String(error)}). Whether the change was made, the page will show.`;
    return { status: 0, body: { detail } };
  }
}

/** What the change would do; a sentence where that cannot be told. */
export async function askPreview(
  request: ChangeRequest,
  signal: AbortSignal,
): Promise<ChangePreview | string> {
  try {
    const { status, body } = await post('api/preview', request, signal);
    if (status === 200 && typeof body === 'object' && body !== null) return body as ChangePreview;
    return sayProblem(status, body);
  } catch (error) {
    return `no answer came (${String(error)})`;
  }
}
