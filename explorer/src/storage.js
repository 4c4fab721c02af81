/**
 * Where GraphiQL keeps its tabs and its history: variables hold passwords, so everything lives in
 * this window's sessionStorage and is gone with it. Only the choice of light or dark outlives it.
 */
const home = (key) => (key === 'graphiql:theme' ? localStorage : sessionStorage);

/**
 * GraphiQL also keeps the open tab's document and variables beside the tabs, each after a delay of its own: a window
 * that is reloaded just after a change of tabs would get one tab's document with another's variables. They are read
 * from the open tab.
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
