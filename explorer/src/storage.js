/**
 * Where GraphiQL keeps its tabs and its history: variables hold passwords, so everything lives in
 * this window's sessionStorage and is gone with it. Only the choice of light or dark outlives it.
 */
const home = (key) => (key === 'graphiql:theme' ? localStorage : sessionStorage);

export const storage = {
  get length() {
    return sessionStorage.length;
  },
  getItem: (key) => home(key).getItem(key),
  setItem: (key, value) => home(key).setItem(key, value),
  removeItem: (key) => home(key).removeItem(key),
  clear: () => sessionStorage.clear(),
};
