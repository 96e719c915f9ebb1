/** One question to a Vault server, with its retries. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpFault, type HttpResponse, isFault, sendRequest } from '../../host/http.ts';
import { proxyFor } from '../../host/proxy.ts';
import type { KeyContext } from '../provider.ts';
import { originOf } from './address.ts';
import { refusal } from './refusal.ts';
import type { VaultSettings } from './settings.ts';

export interface Question {
  /** Scheme, host and port of the server. */
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'PUT';
  /** JSON. */
  readonly body?: string | undefined;
}

/** How long the first wait before a retry is; every other one is longer by this. hashicorp/vault/api MinRetryWait */
const retryWaitMs = 1000;

/** The last answer, or the fault in its place. @throws TsopsError WRAP_FAILED for an agent address that cannot be one */
export async function ask(
  { origin, path, method, body }: Question,
  settings: VaultSettings,
  context: KeyContext,
): Promise<HttpResponse | HttpFault> {
  const { tls, retries, timeoutMs } = settings;
  const place = placeOf(origin, path, settings, context);
  const headers = {
    ...settings.headers,
    ...(settings.token === undefined ? {} : { 'X-Vault-Token': settings.token }),
    'Content-Type': 'application/json',
  };
  const started = performance.now();
  for (let tries = 1; ; tries += 1) {
    const leftMs = Math.ceil(timeoutMs - (performance.now() - started));
    const request = { method, ...place, headers, body, tls } as const;
    const outcome = await sendRequest({ ...request, timeoutMs: Math.max(1, leftMs) });
    // The whole time is the user's setting; what was left of it at the last try says nothing.
    if (isFault(outcome) && outcome.fault === 'timeout') return tooSlow(outcome, timeoutMs, tries);
    const waitMs = Math.max(retryWaitMs * tries, waitAskedFor(outcome));
    const leftNowMs = timeoutMs - (performance.now() - started);
    if (tries > retries || !mayPass(outcome) || waitMs >= leftNowMs) return outcome;
    await sleep(waitMs);
  }
}

interface Place {
  readonly url: URL;
  readonly proxy?: string | undefined;
  readonly socketPath?: string;
}

/** The server or, as with HashiCorp's client, the agent that stands before it. */
function placeOf(origin: string, path: string, { agent, proxy }: VaultSettings, context: KeyContext): Place {
  if (agent?.startsWith('unix://'))
    return { url: new URL(path, 'http://localhost'), socketPath: agent.slice('unix://'.length) };
  const asked = agent === undefined ? origin : originOf(agent);
  if (asked === undefined)
    throw refusal('VAULT_AGENT_ADDR is not the address of a server', 'It looks like http://127.0.0.1:8100.');
  const url = new URL(path, asked);
  return { url, proxy: proxy ?? proxyFor(url, context.env) };
}

function tooSlow(outcome: HttpFault, timeoutMs: number, tries: number): HttpFault {
  return tries === 1 ? outcome : { ...outcome, reason: `gave no good answer within ${timeoutMs / 1000} seconds` };
}

/** Whether the same question can have a better answer soon. Wrapping and unwrapping may both be done twice. */
function mayPass(outcome: HttpResponse | HttpFault): boolean {
  if (isFault(outcome)) return outcome.fault === 'unreachable' || outcome.fault === 'broken';
  return outcome.status === 412 || outcome.status === 429 || (outcome.status >= 500 && outcome.status !== 501);
}

/** RFC 9110 §10.2.3, the form in seconds. */
function waitAskedFor(outcome: HttpResponse | HttpFault): number {
  const text = isFault(outcome) ? undefined : outcome.headers['retry-after'];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : 0;
}
