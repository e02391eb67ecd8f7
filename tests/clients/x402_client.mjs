// The x402 client in TypeScript, unchanged. It pays by the scheme that SCHEME names, and prints what it is answered.
import { x402Client, wrapFetchWithPayment } from "@x402/fetch";
import { BatchSettlementEvmScheme } from "@x402/evm/batch-settlement/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { createPublicClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";

const env = process.env;
const account = privateKeyToAccount(env.OG_PRIVATE_KEY);
const chain = createPublicClient({ chain: base, transport: http(env.BASE_MAINNET_RPC) });
const signer = {
  address: account.address,
  signTypedData: (message) => account.signTypedData(message),
  readContract: (call) => chain.readContract(call),
};
const scheme = env.SCHEME === "upto" ? new UptoEvmScheme(signer) : new BatchSettlementEvmScheme(signer);
const client = x402Client.fromConfig({
  schemes: [{ network: "eip155:8453", client: scheme }],
  paymentRequirementsSelector: (_, offers) => offers.find((offer) => offer.scheme === env.SCHEME),
  spendControls: { allowedAssets: [{ network: "eip155:8453", asset: env.OPG_ADDRESS }] },
});
const pay = wrapFetchWithPayment(fetch, client);
const said = [];
for (let number = 0; number < 3; number++) {
  const response = await pay(`${env.OG_GATEWAY_URL}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Is anybody there?" }] }),
  });
  said.push((await response.json()).choices[0].message.content);
}
console.log(JSON.stringify(said));
