import { createHash } from 'node:crypto';
import { hashTag, type Partition } from '../events/layout.ts';
import { Failure } from '../failure.ts';
import type { KeptRecord } from './records.ts';

/** How long a creation is remembered under its Idempotency-Key, in seconds: 24 hours. */
export const markerSeconds = 24 * 60 * 60;

/** An Idempotency-Key with the body it came with, both as hashes. */
export interface Idempotency {
  /** hex; of the key and what it is used for. Its last four digits route a document that may be routed freely. */
  keyHash: string;
  /** hex; of the body as it was understood, so that white space and unknown members make no difference */
  bodyHash: string;
}

/** Returns the key of a list that is there only while markers are copied, of those that are made meanwhile. */
export const madeMarkersKey = (markers: string, partition: Partition): string =>
  `${markers}:${hashTag(partition)}:made`;

/** Returns the keys that a script needs to remember a creation: the marker, and the list for those that are made now. */
export const markerKeys = (markers: string, partition: Partition, keyHash: string): string[] => [
  `${markers}:${hashTag(partition)}:${keyHash}`,
  madeMarkersKey(markers, partition),
];

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** @param purpose what the key is used for; the same key for another purpose is another key */
export const idempotency = (purpose: string, key: string, body: unknown): Idempotency => ({
  keyHash: hash(`${purpose} ${key}`),
  bodyHash: hash(JSON.stringify(body)),
});

/**
 * Returns the record that a creation script tells of: the one it has just written, or the one that was created before
 * with the same Idempotency-Key. Fails with `idempotency_key_reused` or `idempotency_answer_gone`.
 */
export function createdRecord(reply: string[], written: Omit<KeptRecord, 'version'>): KeptRecord {
  const [outcome, version = '', schema = String(written.schema), text = written.text] = reply;
  if (outcome === 'key_reused') {
    throw new Failure('idempotency_key_reused', 'This Idempotency-Key was sent with another body before.');
  }
  if (outcome === 'answer_gone') {
    throw new Failure(
      'idempotency_answer_gone',
      'What was created with this Idempotency-Key was deleted since, and its events were removed. Send another key.',
    );
  }
  return { version, schema: Number(schema), text };
}
