/**
 * The storage for GraphiQL's tabs and history. Variables contain passwords, so everything is in sessionStorage and is
 * deleted when the window closes. Only the light or dark theme is kept.
 */
const home = (key) => (key === 'graphiql:theme' ? localStorage : sessionStorage);

/**
 * GraphiQL also stores the open tab's document and variables outside the tabs, each after its own delay. If the window
 * is reloaded just after the tab was changed, the two can belong to different tabs. So they are read from the open tab.
 */
const OF_THE_OPEN_TAB = { 'graphiql:query': 'query', 'graphiql:variables': 'variables' };

function ofTheOpenTab(property) {
  const { tabs, activeTabIndex } = JSON.parse(sessionStorage.getItem('graphiql:tabState') ?? '{}');
  return tabs?.[activeTabIndex]?.[property] ?? null;
}

export const storage = {
  get length() {
    return sessionStorage.length;
  },
  getItem: (key) => (key in OF_THE_OPEN_TAB ? ofTheOpenTab(OF_THE_OPEN_TAB[key]) : home(key).getItem(key)),
  setItem: (key, value) => home(key).setItem(key, value),
  removeItem: (key) => home(key).removeItem(key),
  clear: () => sessionStorage.clear(),
};
