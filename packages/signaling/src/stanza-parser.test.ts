import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Element } from '@xmpp/xml';
import { MAX_ANSWER_CHARS } from './limits.ts';
import { StanzaParser, type StanzaParserOptions } from './stanza-parser.ts';

const ROOT =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

function read(
  text: string,
  { step = text.length, ...options }: StanzaParserOptions & { step?: number } = {},
) {
  const elements: Element[] = [];
  const errors: string[] = [];
  let skipped = 0;
  let ended = false;
  const parser = new StanzaParser({
    onSkipped: () => {
      skipped += 1;
    },
    ...options,
  });
  parser.on('element', (element: Element) => elements.push(element));
  parser.on('error', (error: Error) => errors.push(error.message));
  parser.on('end', () => {
    ended = true;
  });
  for (let at = 0; at < text.length; at += Math.max(1, step)) {
    parser.write(text.slice(at, at + step));
  }
  return { elements, errors, skipped, ended };
}

test('children of the stream are told whole, wherever the text is cut', () => {
  const text = `${ROOT}<iq id='1'><a xmlns='urn:a'>x&amp;y<![CDATA[<z>]]></a></iq> <presence/></stream:stream>`;
  for (const step of [1, 2, 7, text.length]) {
    const { elements, errors, ended } = read(text, { step });
    assert.deepEqual(errors, []);
    assert.deepEqual(
      elements.map(({ name }) => name),
      ['iq', 'presence'],
    );
    assert.equal(elements[0]?.getChildText('a', 'urn:a'), 'x&y<z>');
    assert.ok(elements[0]?.is('iq', 'jabber:client'));
    assert.ok(ended);
  }
});

test('a prefix cannot pass for another namespace', () => {
  const { elements } = read(
    `${ROOT}<x:iq xmlns:x='urn:x'/><stream:features><x xmlns='urn:y'/></stream:features>`,
  );
  assert.ok(elements[0]?.is('iq', 'urn:x'));
  assert.ok(!elements[0]?.is('iq', 'jabber:client'));
  assert.ok(elements[1]?.is('features', 'http://etherx.jabber.org/streams'));
});

test('what RFC 6120 §11 forbids, and what is not XML, ends the reading once', () => {
  for (const text of [
    '<!-- comment -->',
    '<?php ?>',
    '<iq><a></iq>',
    '<iq a=1/>',
    "<iq a='1' a='2'/>",
    '<iq>&lol;</iq>',
    '<iq>&#0;</iq>',
    '<iq>\u0001</iq>',
    'text between stanzas<iq/>',
    '<y:iq/>',
    '<iq',
  ]) {
    const { errors } = read(`${ROOT}${text}<presence/><presence/>`);
    assert.equal(errors.length, 1, text);
    assert.match(errors[0] ?? '', /bad XML/);
  }
  assert.equal(read(`<!DOCTYPE x [<!ENTITY a "b">]>${ROOT}`).errors.length, 1);
});

test('an element beyond its limit is skipped and told without content; the next is read', () => {
  const big = 'x'.repeat(100_000);
  const { elements, errors, skipped } = read(
    `${ROOT}<iq id='1' type='set'><a>${big}</a></iq><iq id='2' type='result'>${big}</iq><presence/>`,
    { step: 1000 },
  );
  assert.deepEqual(errors, []);
  assert.equal(skipped, 2);
  assert.deepEqual(
    elements.map(({ name, attrs, children }) => [name, attrs.type, children.length]),
    [
      ['iq', 'set', 0],
      ['iq', 'error', 0],
      ['presence', undefined, 0],
    ],
  );
});

test('too deep and too many are skipped as well', () => {
  const deep = `<iq>${'<a>'.repeat(50)}${'</a>'.repeat(50)}</iq>`;
  const many = `<iq>${'<a/>'.repeat(1000)}</iq>`;
  assert.equal(read(`${ROOT}${deep}${many}`).skipped, 2);
});

test('only what is expected may be large', () => {
  const roster = `<iq id='roster'>${'<item/>'.repeat(20_000)}</iq>`;
  const limitFor: StanzaParserOptions['limitFor'] = ({ attrs }) =>
    attrs.id === 'roster' ? MAX_ANSWER_CHARS : 65_536;
  assert.equal(read(`${ROOT}${roster}`, { limitFor }).elements[0]?.children.length, 20_000);
  assert.equal(read(`${ROOT}${roster.replace('roster', 'other')}`, { limitFor }).skipped, 1);
});

test('a start tag beyond the limit is skipped with its element', () => {
  const tag = `<iq id='${'x'.repeat(200_000)}'/>`;
  const { elements, errors, skipped } = read(`${ROOT}${tag}<presence/>`, { step: 1000 });
  assert.deepEqual([errors.length, skipped, elements.length], [0, 1, 2]);
});

test('white space keeps a connection alive for as long as it likes', () => {
  const parser = new StanzaParser();
  const names: string[] = [];
  parser.on('element', ({ name }: Element) => names.push(name));
  parser.write(ROOT);
  for (let n = 0; n < 200_000; n += 1) parser.write(' ');
  for (const piece of ["<presence from='", "a@x'", '/>']) parser.write(piece);
  assert.deepEqual(names, ['presence']);
});

test('an element, a tag or an attribute that never ends ends the stream', () => {
  const megabyte = 'x'.repeat(1_000_000);
  for (const [start, piece] of [
    ['<iq>', megabyte],
    ["<iq a='", megabyte],
    ['<iq ', megabyte.replaceAll('xx', 'x ')],
    ['<', megabyte],
  ] as const) {
    const parser = new StanzaParser();
    let failed: string | undefined;
    parser.on('error', (error: Error) => {
      failed = error.message;
    });
    parser.write(ROOT + start);
    for (let n = 0; n < 40 && failed === undefined; n += 1) parser.write(piece);
    assert.notEqual(failed, undefined, start);
  }
});
