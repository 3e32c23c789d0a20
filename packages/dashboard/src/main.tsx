import { render } from 'preact';
import { AgentClient } from './agent-client.ts';
import { App } from './app.tsx';
import './style.css';
import { takeToken } from './token.ts';

function show(root: HTMLElement): void {
  const token = takeToken();
  render(
    token === undefined ? (
      <p role="alert">
        Open the URL that <code>evio dashboard</code> prints on this host.
      </p>
    ) : (
      <App key={token} client={new AgentClient(token)} />
    ),
    root,
  );
}

const root = document.getElementById('app');
if (root !== null) {
  show(root);
  // A URL that differs behind its # only, as one with the next token does, loads no page anew.
  addEventListener('hashchange', () => show(root));
}
