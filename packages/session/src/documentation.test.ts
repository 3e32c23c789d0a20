import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DEFAULT_GATE_LIMITS } from './handshake-gate.ts';
import {
  type Field,
  INITIATION_LAYOUT,
  INITIATION_PAYLOAD_LAYOUT,
  RESPONSE_LAYOUT,
  RESPONSE_PAYLOAD_LAYOUT,
} from './handshake-message.ts';
import { MAX_RECORD_BYTES, RECORD_LIMITS } from './node-record.ts';
import { POD_CLAIM_LIMITS } from './pod-claim.ts';
import { DEFAULT_TIMERS, RETRY_SHARES } from './timers.ts';
import { nodeOf, VirtualPair } from './virtual-pair.ts';

const page = readFileSync(new URL('../../../docs/protocol-handshake.md', import.meta.url), 'utf8');

/** The rows of the first table after a line that begins with `heading`: offset, bytes, field. */
function tableAfter(heading: string): [string, string, string][] {
  const lines = page.split('\n');
  const start = lines.findIndex(line => line.startsWith(heading));
  assert.notEqual(start, -1, heading);
  const first = lines.findIndex((line, index) => index > start && line.startsWith('| ---')) + 1;
  const rows: [string, string, string][] = [];
  for (let index = first; lines[index]?.startsWith('|'); index++) {
    const [, offset = '', bytes = '', field = ''] = (lines[index] ?? '').split('|');
    rows.push([offset.trim(), bytes.trim(), field.trim()]);
  }
  return rows;
}

function rowsOf(layout: readonly Field[]): [string, string, string][] {
  let offset = 0;
  return layout.map(([name, bytes]) => {
    offset += bytes;
    return [String(offset - bytes), String(bytes), name];
  });
}

test('the page has the layouts of the code', () => {
  assert.deepEqual(tableAfter('Initiation:'), rowsOf(INITIATION_LAYOUT));
  assert.deepEqual(tableAfter('Response:'), rowsOf(RESPONSE_LAYOUT));
  assert.deepEqual(tableAfter('Payload of message 1:'), rowsOf(INITIATION_PAYLOAD_LAYOUT));
  assert.deepEqual(tableAfter('Payload of message 2:'), rowsOf(RESPONSE_PAYLOAD_LAYOUT));
});

test('the page has the node record as it is written', () => {
  const rows = tableAfter('## Identity and node record');
  const { identity, record } = nodeOf('a');
  const fields: Record<string, Uint8Array> = {
    'sign public': identity.signPublic,
    'static public': identity.staticPublic,
    mac: Buffer.from(record.mac.replaceAll(':', ''), 'hex'),
  };
  const account = Buffer.from(record.account);
  const encoded = nodeOf('a').bytes;
  for (const [name, content] of Object.entries(fields)) {
    const row = rows.find(([, , field]) => field === name);
    assert.ok(row, name);
    const [offset, bytes] = row.map(Number);
    assert.equal(bytes, content.length);
    assert.deepEqual(
      Buffer.from(encoded.subarray(offset, (offset ?? 0) + content.length)),
      Buffer.from(content),
    );
  }
  const at = Number(rows.find(([, , field]) => field === 'account')?.[0]);
  assert.equal(Buffer.from(encoded).readUInt16BE(at), account.length);
  assert.deepEqual(Buffer.from(encoded.subarray(at + 2, at + 2 + account.length)), account);
  assert.match(page, new RegExp(`at most ${MAX_RECORD_BYTES} bytes`));
  assert.match(page, new RegExp(`1 to ${RECORD_LIMITS.account} bytes`));
  assert.match(page, new RegExp(`0 to ${RECORD_LIMITS.addresses} `));
  assert.match(page, new RegExp(`range count \\| 0 to ${POD_CLAIM_LIMITS.ranges} `));
  assert.match(page, new RegExp(`vote count \\| 0 to ${POD_CLAIM_LIMITS.votes} `));
});

test('what goes over the wire has the lengths of the page', () => {
  const pair = new VirtualPair();
  pair.a.session.restart(0);
  pair.a.drain();
  pair.runUntil(100);
  assert.deepEqual(
    pair.captured.map(c => [c.bytes[0], c.bytes.length]),
    [
      [0xc1, 150],
      [0xc2, 110],
    ],
  );
});

test('the page has the numbers of the code', () => {
  const seconds = (ms: number) => String(ms / 1000);
  const { rekeyAfter, responderRekeyAfter, rejectAfter, rekeyTimeout, rekeyAttempt, slowRetry } =
    DEFAULT_TIMERS;
  const retries = RETRY_SHARES.map(share => seconds(share * rekeyTimeout));
  for (const words of [
    `after ${seconds(rekeyAfter)} s, the responder after ${seconds(responderRekeyAfter)} s`,
    `until they are ${seconds(rejectAfter)} s old`,
    `after ${retries.slice(0, -1).join(', ')} and ${retries.at(-1)} s`,
    `after ${seconds(rekeyTimeout)} s; after ${seconds(rekeyAttempt)} s one every ${seconds(slowRetry)} s`,
    `${DEFAULT_GATE_LIMITS.sourceRate} initiations a second`,
    `${DEFAULT_GATE_LIMITS.totalRate} from all together`,
  ]) {
    assert.ok(page.replaceAll(/\s+/g, ' ').includes(words), words);
  }
});
