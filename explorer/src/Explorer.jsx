import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { NewKeyButton } from './idempotency.jsx';
import { Logo } from './Logo.jsx';
import { SessionBar } from './SessionBar.jsx';
import { storage } from './storage.js';
import { firstTabs } from './tabs.js';
import { fetcherFor } from './transport.js';

const plugins = [HISTORY_PLUGIN, explorerPlugin()];
const defaultTabs = firstTabs();

let openTab = null;
const rememberOpenTab = ({ tabs, activeTabIndex }) => {
  openTab = tabs[activeTabIndex].id;
};
const fetcher = fetcherFor(() => openTab);

/** GraphiQL with Pocket Pay's tabs, and a bar below it that shows the signed-in user. */
export function Explorer() {
  return (
    <GraphiQL
      fetcher={fetcher}
      onTabChange={rememberOpenTab}
      storage={storage}
      plugins={plugins}
      defaultTabs={defaultTabs}
      defaultQuery=""
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
    >
      <GraphiQL.Logo>
        <Logo />
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, merge, copy }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <NewKeyButton />
          </>
        )}
      </GraphiQL.Toolbar>
      <SessionBar />
    </GraphiQL>
  );
}
