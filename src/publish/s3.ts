/** Amazon S3. sops 3.13.2 publish/s3.go; credentials as for AWS KMS. */

import { type AwsFault, faultOf, isFault } from '../keys/awskms-failures.ts';
import { awsSettings, awsStep, within } from '../keys/awskms-session.ts';
import { requestLimitMs } from '../keys/limits.ts';
import type { KeyContext } from '../keys/provider.ts';
import { type Destination, type DestinationSettings, failed } from './destination.ts';

export function s3(settings: DestinationSettings, context: KeyContext): Destination {
  const bucket = settings.get('s3_bucket') ?? '';
  const key = (name: string): string => `${settings.get('s3_prefix') ?? ''}${name}`;
  return {
    address: name => `s3://${bucket}/${key(name)}`,
    send: async (name, content) => {
      await put(bucket, key(name), content, context);
      return 'written';
    },
  };
}

async function put(bucket: string, key: string, content: Uint8Array, context: KeyContext): Promise<void> {
  const region = context.env('AWS_REGION') || context.env('AWS_DEFAULT_REGION');
  const place = { region: region || 'us-east-1', role: '', profile: '' };
  const settings = await awsSettings(place, context);
  if (isFault(settings)) throw refused(settings);
  const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
  // Without a region of the environment the SDK looks into the profile.
  const client = new S3Client({ ...settings, ...(region ? { region } : {}) });
  try {
    const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: content });
    await within(requestLimitMs(context), abortSignal => client.send(command, { abortSignal }));
  } catch (error) {
    throw refused(answerOf(error) ?? faultOf(error, awsStep('S3', 's3:PutObject', place.region, context)));
  } finally {
    client.destroy();
  }
}

const answers: Readonly<Record<string, AwsFault>> = {
  NoSuchBucket: { reason: 'there is no S3 bucket of this name', hints: ['Check s3_bucket in the destination rule.'] },
  PermanentRedirect: {
    reason: 'the S3 bucket is in another region',
    hints: ['Set AWS_REGION to the region of the bucket.'],
  },
  AuthorizationHeaderMalformed: {
    reason: 'the S3 bucket is in another region',
    hints: ['Set AWS_REGION to the region of the bucket.'],
  },
  AccessDenied: {
    reason: 'AWS does not allow these credentials to write there',
    hints: ['They need s3:PutObject on the bucket, and kms:GenerateDataKey where the bucket has a key of its own.'],
  },
};

function answerOf(error: unknown): AwsFault | undefined {
  if (!(error instanceof Error)) return undefined;
  if (/region is missing|region not accepted/i.test(error.message))
    return { reason: 'no usable AWS region is set', hints: ['Set AWS_REGION, or a region in the profile.'] };
  return Object.hasOwn(answers, error.name) ? answers[error.name] : undefined;
}

/** What all services of AWS answer is told as for KMS. */
const refused = ({ reason, hints }: AwsFault) =>
  failed(
    reason,
    hints.map(hint => hint.replace(/^For AWS KMS:/, 'For Amazon S3:')),
  );
