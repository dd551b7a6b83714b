// An order that gets no less than the quote said, and what can go wrong with it.
import { Client, DexecError, Invalid, RateLimited, throwIfFailed } from "@dexec/client";

const [url, apiKey] = process.argv.slice(2) as [string, string];
const client = new Client({
  url,
  apiKey,
  onRetry: (error, waitMs) => console.error(`${error.message}; trying again in ${waitMs.toFixed(0)} ms`),
});

const swap = { tokenIn: "SOL", tokenOut: "USDC", amount: "0.5", slippageBps: 100 };
try {
  const { route } = await client.quote(swap);
  const order = await client.execute({
    ...swap,
    minAmountOut: route.minAmountOut,
    deadline: 60,
    clientOrderId: "rebalance-17",
    idempotencyKey: crypto.randomUUID(),
  });
  const { fill } = throwIfFailed(await order.done({ timeoutMs: 60_000 }));
  console.log(`sold ${fill?.amountIn} SOL for ${fill?.amountOut} USDC; the limit was ${route.minAmountOut}`);
} catch (error) {
  if (error instanceof Invalid) console.error(error.fields);
  else if (error instanceof RateLimited) console.error(`come back in ${error.retryAfterS} s`);
  else if (error instanceof DexecError && error.isUnknown) console.error(`ask again under ${error.idempotencyKey}`);
  else throw error;
} finally {
  await client.close();
}
