/** What client and server agree on beside the messages: the names of the two calls, and the limits. sops 3.13.2 keyservice/keyservice.proto. */

import type * as Grpc from '@grpc/grpc-js';
import { maxMessageBytes } from './wire.ts';

export type Verb = 'wrap' | 'unwrap';

/** The paths of the calls; the service has no package. */
export const paths: Readonly<Record<Verb, string>> = { wrap: '/KeyService/Encrypt', unwrap: '/KeyService/Decrypt' };

export const limits = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
} as const;

/** Messages are made and read in `wire.ts`; the gRPC library carries bytes. */
export const asBytes = (bytes: Buffer): Buffer => bytes;

/**
 * The gRPC library, loaded when it is needed and without a log of its own: what it says repeats texts of the other side.
 * @internal The package has no dependency on it whose types could be found.
 */
export async function loadGrpc(): Promise<typeof Grpc> {
  const grpc = await import('@grpc/grpc-js');
  grpc.setLogVerbosity(grpc.logVerbosity.NONE);
  return grpc;
}
