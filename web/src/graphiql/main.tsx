/** GraphiQL, served by the binary itself: explorer, subscriptions over WebSocket or server-sent events, a box for the token. */
import { StrictMode, useMemo, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./graphiql.css";
import { repairAccessibility } from "./accessibility";
import { createTalkbackFetcher, type SubscriptionTransport } from "./fetcher";
import { TABS } from "./examples";

const TOKEN_KEY = "talkback:graphiql:token";
const TRANSPORT_KEY = "talkback:graphiql:transport";
const plugins = [explorerPlugin()];

function App() {
  // The token lives for this tab only: it may be a moderator's.
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN_KEY) ?? "");
  const [transport, setTransport] = useState<SubscriptionTransport>(() =>
    localStorage.getItem(TRANSPORT_KEY) === "sse" ? "sse" : "websocket",
  );
  const settings = useRef({ token, transport });
  settings.current = { token, transport };
  const fetcher = useMemo(() => createTalkbackFetcher(new URL("/graphql", location.href), () => settings.current), []);

  return (
    <div className="tb-frame">
      <header className="tb-bar">
        <a className="tb-brand" href="/">Talkback</a>
        <label className="tb-token">
          <span>Authorization</span>
          <input
            type="text"
            value={token}
            placeholder="Bearer token, from `talkback token`"
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => {
              sessionStorage.setItem(TOKEN_KEY, event.target.value);
              setToken(event.target.value);
            }}
          />
        </label>
        <label className="tb-transport">
          <span>Subscriptions over</span>
          <select
            value={transport}
            onChange={(event) => {
              const next = event.target.value === "sse" ? "sse" : "websocket";
              localStorage.setItem(TRANSPORT_KEY, next);
              setTransport(next);
            }}
          >
            <option value="websocket">WebSocket</option>
            <option value="sse">Server-sent events</option>
          </select>
        </label>
      </header>
      <main className="tb-graphiql">
        <h1 className="tb-hidden">GraphiQL</h1>
        <GraphiQL
          fetcher={fetcher}
          plugins={plugins}
          defaultTabs={TABS}
          defaultEditorToolsVisibility="variables"
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo> </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </div>
  );
}

const mount = document.getElementById("graphiql");
if (mount) {
  repairAccessibility(mount);
  createRoot(mount).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
