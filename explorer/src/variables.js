import { useGraphiQL } from '@graphiql/react';
import { useEffect } from 'react';
import { withIdToActOn, writtenFor } from './tabs.js';

/**
 * Puts the open tab's text into the editors when they open. GraphiQL gives them the document and variables that the
 * open tab had when the page began to load. The first tab has no variables then, and another tab may be open by now.
 */
export function useTabsOwnText() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]);
  useEffect(() => {
    for (const [editor, text] of [
      [queryEditor, tab.query ?? ''],
      [variableEditor, tab.variables ?? ''],
    ]) {
      if (editor && editor.getValue() !== text) editor.setValue(text);
    }
  }, [queryEditor, variableEditor]);
}

/** Fits the open tab's variables to the signed-in user, and fills in the newest id that the tab can act on. */
export function useFilledVariables(username, known) {
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]);
  useEffect(() => {
    if (!variableEditor) return;
    const variables = variableEditor.getValue();
    const filled = withIdToActOn(tab, writtenFor(username, tab, variables), known);
    if (filled !== variables) variableEditor.setValue(filled);
  }, [variableEditor, tab.id, username, JSON.stringify(listsOf(known))]);
}

/** Returns everything that a tab can act on. The balance is left out, because no tab uses it as a variable. */
const listsOf = (known) => Object.entries(known).filter(([, value]) => Array.isArray(value));
