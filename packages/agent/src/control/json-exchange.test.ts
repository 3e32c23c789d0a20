import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { EvioError } from '@evio/types';
import { sendError } from './json-exchange.ts';

/** A response that goes nowhere, with what is told of an error that ends it. */
function failing(error: unknown, prepare: (response: ServerResponse) => void = () => {}) {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  prepare(response);
  const faults: unknown[] = [];
  sendError(response, error, fault => faults.push(fault));
  const { statusCode, destroyed, writableEnded } = response;
  return { statusCode, destroyed, writableEnded, faults };
}
const begun = (response: ServerResponse) => {
  response.writeHead(200);
};
const ours = new TypeError('a fault');
const theirs = new EvioError('NODE_UNKNOWN', 'no such node');

test('an error is the answer; only a fault of ours is told to the log', () => {
  const answered = { destroyed: false, writableEnded: true };
  assert.deepEqual(failing(theirs), { ...answered, statusCode: 404, faults: [] });
  assert.deepEqual(failing(ours), { ...answered, statusCode: 500, faults: [ours] });
});

test('in the midst of an answer it cuts that off, and a fault of ours is told as well', () => {
  const cut = { statusCode: 200, destroyed: true, writableEnded: false };
  assert.deepEqual(failing(theirs, begun), { ...cut, faults: [] });
  assert.deepEqual(failing(ours, begun), { ...cut, faults: [ours] });
});

test("that somebody went away is nobody's fault", () => {
  const gone = failing(new Error('aborted'), response => response.destroy());
  assert.deepEqual(gone.faults, []);
});
