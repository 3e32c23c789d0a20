import { render } from 'preact';
import { AgentClient } from './agent-client.ts';
import { App } from './app.tsx';
import './style.css';
import { takeToken } from './token.ts';

const root = document.getElementById('app');
const token = takeToken();
if (root !== null) {
  render(
    token === undefined ? (
      <p role="alert">
        Open the URL that <code>evio dashboard</code> prints on this host.
      </p>
    ) : (
      <App client={new AgentClient(token)} />
    ),
    root,
  );
}
