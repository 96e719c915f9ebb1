/**
 * AWS KMS master keys: sops 3.13.2 kms/keysource.go. The ARN, the role and the profile may come from a file that somebody else
 * wrote; they choose the key, and as whom of the user's own identities it is used, but never an address: the region has to be
 * one label of a host name, and other endpoints come from the user's environment and AWS configuration alone.
 */

import type { KMSClient } from '@aws-sdk/client-kms';
import type { AwsKmsKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { type AwsFault, fault, faultOf, isFault } from './awskms-failures.ts';
import { awsStep, openSession, within } from './awskms-session.ts';
import type { KeyContext, KeyProvider, UnwrapFailure } from './provider.ts';

export const awsKmsProvider: KeyProvider<AwsKmsKey> = { kind: 'kms', parse, wrap, unwrap };

const arnHint =
  'An AWS KMS key is named by an ARN, such as arn:aws:kms:eu-west-1:111122223333:key/UUID or …:alias/NAME.';

/** sops takes any text as the region; a region is part of the address that the signed request goes to. */
const keyArn = /^arn:aws[\w-]*:kms:([a-z0-9-]{1,63}):[0-9]+:(?:key|alias)\/[!-~]+$/;
const roleArn = /^arn:aws[\w-]*:iam::[0-9]+:role\/[!-~]+$/;
const maxArn = 2048;
/** The most that KMS takes: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#KMS-Decrypt-request-CiphertextBlob */
const maxBlobBytes = 6144;

/** Each text is an ARN, with `+` and the ARN of a role behind it where one is to be assumed; ARNs are checked when they are used, as by sops. */
function parse(text: string, createdAt = `${new Date().toISOString().slice(0, 19)}Z`): AwsKmsKey[] {
  if (text.trim() === '') return [];
  return text.split(',').map(piece => {
    const whole = piece.replaceAll(' ', '');
    if (whole === '') throw new TsopsError('KEY_INVALID', 'a key of kms is empty', { hints: [arnHint] });
    const plus = whole.indexOf('+arn:');
    const [arn, role] = plus > 0 ? [whole.slice(0, plus), whole.slice(plus + 1)] : [whole, ''];
    return { kind: 'kms', arn, role, awsProfile: '', context: new Map(), createdAt, enc: '' };
  });
}

async function wrap(key: AwsKmsKey, part: Uint8Array, context: KeyContext): Promise<string> {
  const blob = await ask(key, 'kms:Encrypt', context, async (client, signal) => {
    const { EncryptCommand } = await import('@aws-sdk/client-kms');
    const input = { KeyId: key.arn, Plaintext: part, EncryptionContext: Object.fromEntries(key.context) };
    return (await client.send(new EncryptCommand(input), { abortSignal: signal })).CiphertextBlob;
  });
  if (isFault(blob)) throw new TsopsError('WRAP_FAILED', blob.reason, { hints: blob.hints });
  return Buffer.from(blob).toString('base64');
}

async function unwrap(key: AwsKmsKey, context: KeyContext): Promise<Uint8Array | UnwrapFailure> {
  const blob = parseBlob(key.enc);
  if (blob === undefined) {
    const reason = 'the wrapped key is not one that AWS KMS made: it is not base64, or too long';
    return { key, reason, hints: ['Take the `enc` text of this key from an older version of the file.'] };
  }
  const part = await ask(key, 'kms:Decrypt', context, async (client, signal) => {
    const { DecryptCommand } = await import('@aws-sdk/client-kms');
    const input = { KeyId: key.arn, CiphertextBlob: blob, EncryptionContext: Object.fromEntries(key.context) };
    return (await client.send(new DecryptCommand(input), { abortSignal: signal })).Plaintext;
  });
  return isFault(part) ? { key, ...part } : part;
}

/** Padded base64; line ends are passed over, as by Go. */
function parseBlob(text: string): Uint8Array | undefined {
  if (text.length > maxBlobBytes * 2) return undefined;
  const plain = text.replaceAll(/[\r\n]/g, '');
  const isBase64 = plain.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(plain);
  return isBase64 ? Buffer.from(plain, 'base64') : undefined;
}

type Request = (client: KMSClient, signal: AbortSignal) => Promise<Uint8Array | undefined>;

/** What KMS answers to the request, or why it does not. */
async function ask(
  { arn, role, awsProfile }: AwsKmsKey,
  permission: string,
  context: KeyContext,
  request: Request,
): Promise<Uint8Array | AwsFault> {
  if (!context.mayConnect) {
    return fault(
      'it needs AWS KMS, and no network service may be asked here',
      'To use the AWS credentials of this machine, hand in `keys: systemContext()`.',
    );
  }
  const region = arn.length <= maxArn ? keyArn.exec(arn)?.[1] : undefined;
  if (region === undefined) return fault('it is not the ARN of an AWS KMS key or alias', arnHint);
  if (role !== '' && (role.length > maxArn || !roleArn.test(role))) {
    return fault('its role is not the ARN of a role', 'A role is named like arn:aws:iam::111122223333:role/NAME.');
  }
  const step = awsStep('KMS', permission, region, context);
  try {
    const session = await openSession({ region, role, profile: awsProfile }, context);
    if (isFault(session)) return session;
    const answer = await within(step.limitMs, signal => request(session.client, signal));
    return answer !== undefined && answer.length > 0 ? answer : faultOf(undefined, step);
  } catch (error) {
    return faultOf(error, step);
  }
}
