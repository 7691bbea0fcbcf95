import { createHash } from 'node:crypto';
import { hashTag, partitionOf } from '../events/ids.ts';
import { Failure } from '../failure.ts';

/** How long a creation is remembered under its Idempotency-Key, in seconds: 24 hours. */
export const markerSeconds = 24 * 60 * 60;

/** An Idempotency-Key with the body it came with, both as hashes. */
export interface Idempotency {
  /** hex; of the key and what it is used for. Its last four digits route a document that may be routed freely. */
  keyHash: string;
  /** hex; of the body as it was understood, so that white space and unknown members make no difference */
  bodyHash: string;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** @param purpose what the key is used for; the same key for another purpose is another key */
export const idempotency = (purpose: string, key: string, body: unknown): Idempotency => ({
  keyHash: hash(`${purpose} ${key}`),
  bodyHash: hash(JSON.stringify(body)),
});

/** The key of the marker in a partition. */
export const markerKey = (partition: number, { keyHash }: Pick<Idempotency, 'keyHash'>): string =>
  `idempotency:${hashTag(partition)}:${keyHash}`;

/** The partition that the hash of the Idempotency-Key alone leads to. */
export const homePartition = ({ keyHash }: Pick<Idempotency, 'keyHash'>, partitions: number): number =>
  partitionOf(keyHash, partitions);

/** What a request fails with whose Idempotency-Key came with another body before. */
export const keyReused = () =>
  new Failure('idempotency_key_reused', 'This Idempotency-Key was sent with another body before.');
