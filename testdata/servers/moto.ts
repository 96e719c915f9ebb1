/**
 * AWS KMS, STS and IAM as moto_server plays them (PyPI `moto[server]`), for the tests of AWS KMS keys. It is looked for in
 * TSOPS_TEST_MOTO (the path of the program), then on the PATH.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { findProgram } from '../../src/host/process.ts';

export const motoProgram: string | undefined = process.env['TSOPS_TEST_MOTO'] || findProgram('moto_server');

const startMs = 60_000;

export interface Moto {
  /** `http://127.0.0.1:PORT`: every service of AWS. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts a server of its own, with nothing in it, on a free port. It ends with this process at the latest. */
export async function startMoto(program: string): Promise<Moto> {
  const server = spawn(program, ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const endpoint = await addressOf(server);
  // A full pipe would stop the server, and an open one would keep this process.
  server.stderr.destroy();
  server.unref();
  return {
    endpoint,
    stop: () =>
      new Promise(settle => {
        process.off('exit', kill);
        server.ref();
        server.once('exit', () => settle());
        kill();
      }),
  };
}

/** The server names its address when it listens. */
function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((settle, fail) => {
    let said = '';
    const failed = () => fail(new Error('moto_server did not start'));
    const timer = setTimeout(failed, startMs);
    server.once('error', failed);
    server.once('exit', failed);
    server.stderr?.on('data', chunk => {
      said += chunk;
      const address = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      settle(address);
    });
  });
}

/** One request of the JSON protocol of KMS, as the owner of the account, without the SDK. */
export async function kmsRequest(
  endpoint: string,
  region: string,
  operation: string,
  input: object,
): Promise<{ readonly KeyMetadata?: { readonly Arn: string } }> {
  const scope = `test/20260101/${region}/kms/aws4_request`;
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': `TrentService.${operation}`,
      Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(input),
  });
  if (!answer.ok) throw new Error(`${operation}: HTTP status ${answer.status}`);
  const text = await answer.text();
  return text === '' ? {} : JSON.parse(text);
}
