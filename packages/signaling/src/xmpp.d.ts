/**
 * The part of xmpp.js 0.14 that this package uses; the library ships no types. The members of
 * `Connection` that begin with an underscore are its extension points.
 */

declare module '@xmpp/xml' {
  /** By name; the names that this package reads are spelt out. */
  export interface Attributes {
    [name: string]: string | undefined;
    action?: string | undefined;
    component?: string | undefined;
    expires?: string | undefined;
    foundation?: string | undefined;
    from?: string | undefined;
    h?: string | undefined;
    host?: string | undefined;
    id?: string | undefined;
    initiator?: string | undefined;
    ip?: string | undefined;
    jid?: string | undefined;
    password?: string | undefined;
    port?: string | undefined;
    priority?: string | undefined;
    protocol?: string | undefined;
    pwd?: string | undefined;
    responder?: string | undefined;
    restricted?: string | undefined;
    previd?: string | undefined;
    resume?: string | undefined;
    sid?: string | undefined;
    subscription?: string | undefined;
    to?: string | undefined;
    transport?: string | undefined;
    type?: string | undefined;
    ufrag?: string | undefined;
    username?: string | undefined;
    xmlns?: string | undefined;
  }

  export class Element {
    constructor(name: string, attrs?: Record<string, string | undefined>);
    name: string;
    parent: Element | null;
    children: (Element | string)[];
    attrs: Attributes;
    is(name: string, xmlns?: string): boolean;
    getNS(): string | undefined;
    getChild(name: string, xmlns?: string): Element | undefined;
    getChildren(name: string, xmlns?: string): Element[];
    getChildElements(): Element[];
    getChildText(name: string, xmlns?: string): string | null;
    getText(): string;
    append(...nodes: (Element | string)[]): void;
    t(text: string): Element;
    toString(): string;
  }
  export default function xml(
    name: string,
    attrs?: Record<string, string | undefined>,
    ...children: (Element | string | undefined)[]
  ): Element;
}

declare module '@xmpp/client' {
  import type { EventEmitter } from 'node:events';

  /** A class of transport: its methods are called on the entity, its prototype holds the parts. */
  export interface Transport {
    new (): TransportParts;
    readonly prototype: TransportParts;
  }

  export interface TransportParts {
    socketParameters(service: string): object | undefined;
    Socket: new () => EventEmitter;
    Parser: new () => EventEmitter;
  }

  export interface Entity extends EventEmitter {
    readonly status: string;
    readonly reconnect: { stop(): void };
    transports: Transport[];
    connect(service: string): Promise<void>;
    open(options: { domain: string }): Promise<unknown>;
    restart(): Promise<unknown>;
    write(text: string): Promise<void>;
    _onElement(element: import('@xmpp/xml').Element): void;
  }

  export function client(options: {
    service: string;
    domain: string;
    username?: string;
    /** Milliseconds for each step of opening and closing the stream. */
    timeout?: number;
    credentials?: () => Promise<void>;
  }): Entity;
}
