// The tokens that can be swapped, and what the client holds of each.

const bySymbol = new Map();
const held = new Map();

/** Takes in the API's tokens, and its balances. */
export const keepTokens = (list) => list.forEach((token) => bySymbol.set(token.symbol, token));
export const keepBalances = (list) => list.forEach(({ symbol, amount }) => held.set(symbol, amount));

/** All tokens, as the API orders them. */
export const allTokens = () => [...bySymbol.values()];

/** A token's decimals; 0 before they are known. */
export const decimalsOf = (symbol) => bySymbol.get(symbol)?.decimals ?? 0;

/** What the client holds of a token, a decimal; undefined before it is known. */
export const balanceOf = (symbol) => held.get(symbol);
